-- Grain: one row per WeCom message, as known at the end of as_of
with

versions as (
    {{ known_then(source('wecom', 'messages'), 'message_id', 'occurred_at', 'occurred_at') }}
)

select
    message_id,
    external_userid,
    group_id,
    staff_id,
    {{ known_code('direction', ['in', 'out']) }} as direction,
    {{ known_code('kind', ['text', 'image', 'link', 'share']) }} as kind,
    is_helpful,
    occurred_at
from versions
