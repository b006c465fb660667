-- Grain: one row per website user, as known at the end of as_of
with

versions as (
    {{ known_then(source('website', 'users'), 'web_user_id', 'updated_at', 'created_at') }}
)

select
    web_user_id,
    case when is_known_version then email end as email,
    case when is_known_version then email_status end as email_status,
    case when is_known_version then email_token end as email_token,
    case when is_known_version then phone end as phone,
    case when is_known_version then phone_status end as phone_status,
    case when is_known_version then phone_token end as phone_token,
    created_at,
    updated_at
from versions
