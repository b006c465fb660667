-- Grain: one row per mini-program user (openid), as known at the end of as_of
with

versions as (
    {{ known_then(source('mini_program', 'users'), 'openid', 'updated_at', 'created_at') }}
)

select
    openid,
    case when is_known_version then unionid end as unionid,
    case when is_known_version then unionid_token end as unionid_token,
    case when is_known_version then phone end as phone,
    case when is_known_version then phone_status end as phone_status,
    case when is_known_version then phone_token end as phone_token,
    nickname,
    nickname_normalised,
    nickname_latin,
    created_at,
    updated_at
from versions
