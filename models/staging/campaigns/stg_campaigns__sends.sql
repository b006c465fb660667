-- Grain: one row per message sent to a member, as known at the end of as_of
with

versions as (
    {{ known_then(
        source('campaigns', 'sends'),
        'send_id',
        'coalesce(updated_at, sent_at)',
        'sent_at'
    ) }}
)

select
    send_id,
    campaign_id,
    member_no,
    {{ known_code(
        'channel',
        ['sms', 'app_push', 'mini_program', 'wecom', 'wechat_service', 'email', 'call']
    ) }} as channel,
    variant,
    sent_at,
    {{ known_code('status', ['sent', 'delivered', 'failed']) }} as status,
    cost,
    updated_at
from versions
