-- Grain: one row per benefit, as known at the end of as_of
with

versions as (
    {{ known_then(
        source('loyalty', 'benefits'),
        'benefit_id',
        'updated_at',
        'cast(null as timestamp)'
    ) }}
)

select
    benefit_id,
    benefit_name,
    kind,
    partner,
    updated_at
from versions
