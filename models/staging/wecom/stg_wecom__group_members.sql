-- Grain: one row per stay of a contact in a group, as known at the end of as_of
with

versions as (
    {{ known_then(
        source('wecom', 'group_members'),
        'group_id, external_userid, joined_at',
        'coalesce(updated_at, joined_at)',
        'joined_at'
    ) }}
)

select
    group_id,
    external_userid,
    joined_at,
    left_at,
    updated_at
from versions
