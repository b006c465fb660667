-- Grain: one row per WeCom group, as known at the end of as_of
with

versions as (
    {{ known_then(source('wecom', 'groups'), 'group_id', 'created_at', 'created_at') }}
)

select
    group_id,
    group_name,
    {{ known_code('kind', ['vip', 'interest', 'region', 'general']) }} as kind,
    topic,
    created_at
from versions
