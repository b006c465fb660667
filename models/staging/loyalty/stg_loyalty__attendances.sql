-- Grain: one row per activity and attending member, as known at the end of as_of
with

versions as (
    {{ known_then(
        source('loyalty', 'attendances'),
        'activity_id, member_no',
        'attended_at',
        'attended_at'
    ) }}
)

select
    activity_id,
    member_no,
    attended_at
from versions
