-- Grain: one row per completed task, as known at the end of as_of
with

versions as (
    {{ known_then(
        source('loyalty', 'task_completions'),
        'completion_id',
        'completed_at',
        'completed_at'
    ) }}
)

select
    completion_id,
    member_no,
    task_id,
    completed_at
from versions
