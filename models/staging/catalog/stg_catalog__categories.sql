-- Grain: one row per category, as known at the end of as_of
with

versions as (
    {{ known_then(
        source('catalog', 'categories'),
        'category_id',
        'updated_at',
        'cast(null as timestamp)',
        undated_versions=true
    ) }}
)

select
    category_id,
    category_name,
    parent_category_id,
    usage_cycle_days,
    updated_at
from versions
