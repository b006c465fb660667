-- Grain: one row per WeCom contact, as known at the end of as_of
with

versions as (
    {{ known_then(
        source('wecom', 'contacts'),
        'external_userid',
        'coalesce(updated_at, added_at)',
        'added_at'
    ) }}
)

select
    external_userid,
    case when is_known_version then unionid end as unionid,
    case when is_known_version then unionid_token end as unionid_token,
    case when is_known_version then phone end as phone,
    case when is_known_version then phone_status end as phone_status,
    case when is_known_version then phone_token end as phone_token,
    staff_id,
    added_at,
    removed_at,
    tags,
    updated_at
from versions
