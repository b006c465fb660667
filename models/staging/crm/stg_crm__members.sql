-- Grain: one row per member card, as known at the end of as_of
with

versions as (
    {{ known_then(source('crm', 'members'), 'member_no', 'updated_at', 'registered_at') }}
)

select
    member_no,
    case when is_known_version then card_no end as card_no,
    case when is_known_version then card_no_token end as card_no_token,
    name,
    name_normalised,
    gender,
    birthday,
    case when is_known_version then phone end as phone,
    case when is_known_version then phone_status end as phone_status,
    case when is_known_version then phone_token end as phone_token,
    case when is_known_version then email end as email,
    case when is_known_version then email_status end as email_status,
    case when is_known_version then email_token end as email_token,
    case when is_known_version then unionid end as unionid,
    case when is_known_version then unionid_token end as unionid_token,
    province,
    city,
    district,
    address,
    postcode,
    case when is_known_version then id_token end as id_token,
    case when is_known_version then id_token_token end as id_token_token,
    registered_at,
    register_channel,
    register_store_id,
    referrer_member_no,
    coalesce(is_test, false) as is_test,
    updated_at
from versions
