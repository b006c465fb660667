-- Grain: one row per tier granted by hand, as known at the end of as_of
with

versions as (
    {{ known_then(source('loyalty', 'tier_grants'), 'grant_id', 'granted_at', 'granted_at') }}
)

select
    grant_id,
    member_no,
    tier_code,
    reason,
    granted_at,
    expires_at
from versions
