-- Grain: one row per benefit granted to a member, as known at the end of as_of
with

versions as (
    {{ known_then(
        source('loyalty', 'benefit_entitlements'),
        'benefit_id, member_no, granted_at',
        'granted_at',
        'granted_at'
    ) }}
)

select
    benefit_id,
    member_no,
    granted_at,
    expires_at
from versions
