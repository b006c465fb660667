-- Grain: one row per store, as known at the end of as_of
with

versions as (
    {{ known_then(
        source('catalog', 'stores'),
        'store_id',
        'updated_at',
        'cast(null as timestamp)',
        undated_versions=true
    ) }}
)

select
    store_id,
    store_name,
    city,
    latitude,
    longitude,
    opened_at,
    updated_at
from versions
