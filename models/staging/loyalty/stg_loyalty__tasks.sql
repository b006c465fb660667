-- Grain: one row per task, as known at the end of as_of
with

versions as (
    {{ known_then(
        source('loyalty', 'tasks'),
        'task_id',
        'cast(null as timestamp)',
        'cast(null as timestamp)'
    ) }}
)

select
    task_id,
    task_name,
    {{ known_code('task_type', ['daily', 'growth', 'challenge']) }} as task_type,
    points,
    starts_at,
    ends_at
from versions
