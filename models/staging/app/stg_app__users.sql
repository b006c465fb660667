-- Grain: one row per app user, as known at the end of as_of
with

versions as (
    {{ known_then(source('app', 'users'), 'app_user_id', 'updated_at', 'created_at') }}
)

select
    app_user_id,
    case when is_known_version then phone end as phone,
    case when is_known_version then phone_status end as phone_status,
    case when is_known_version then phone_token end as phone_token,
    case when is_known_version then email end as email,
    case when is_known_version then email_status end as email_status,
    case when is_known_version then email_token end as email_token,
    case when is_known_version then device_id end as device_id,
    created_at,
    updated_at
from versions
