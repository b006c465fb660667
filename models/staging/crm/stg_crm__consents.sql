-- Grain: one row per consent change of a member, purpose and channel, as known at the end of as_of
with

versions as (
    {{ known_then(
        source('crm', 'consents'),
        'member_no, purpose, channel, changed_at',
        'changed_at',
        'changed_at'
    ) }}
)

select
    member_no,
    {{ known_code('purpose', ['marketing', 'profiling', 'location']) }} as purpose,
    channel,
    granted as is_granted,
    policy_version,
    changed_at
from versions
