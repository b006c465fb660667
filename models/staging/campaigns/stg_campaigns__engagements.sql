-- Grain: one row per reaction to a send, as known at the end of as_of
with

versions as (
    {{ known_then(
        source('campaigns', 'engagements'),
        'engagement_id',
        'occurred_at',
        'occurred_at'
    ) }}
)

select
    engagement_id,
    send_id,
    {{ known_code('engagement_type', ['open', 'click', 'reply', 'unsubscribe', 'complaint']) }}
        as engagement_type,
    occurred_at
from versions
