-- Grain: one row per activity (event members attend), as known at the end of as_of
with

versions as (
    {{ known_then(
        source('loyalty', 'activities'),
        'activity_id',
        'cast(null as timestamp)',
        'cast(null as timestamp)'
    ) }}
)

select
    activity_id,
    name,
    kind,
    starts_at,
    ends_at
from versions
