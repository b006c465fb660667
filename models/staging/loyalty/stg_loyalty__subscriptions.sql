-- Grain: one row per subscription, as known at the end of as_of
with

versions as (
    {{ known_then(
        source('loyalty', 'subscriptions'),
        'subscription_id',
        'updated_at',
        'started_at'
    ) }}
)

select
    subscription_id,
    member_no,
    plan,
    started_at,
    renewed_at,
    ended_at,
    auto_renew as is_auto_renew,
    updated_at
from versions
