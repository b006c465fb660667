-- Grain: one row per member card, as known at the end of as_of
with

versions as (
    {{ known_then(source('crm', 'members'), 'member_no', 'updated_at', 'registered_at') }}
),

first_versions as (
    select
        member_no,
        min(updated_at) as first_updated_at
    from {{ source('crm', 'members') }}
    group by member_no
)

select
    versions.member_no,
    case when versions.is_known_version then versions.card_no end as card_no,
    case when versions.is_known_version then versions.card_no_token end as card_no_token,
    versions.name,
    versions.name_normalised,
    versions.name_latin,
    versions.gender,
    versions.birthday,
    case when versions.is_known_version then versions.phone end as phone,
    case when versions.is_known_version then versions.phone_status end as phone_status,
    case when versions.is_known_version then versions.phone_token end as phone_token,
    case when versions.is_known_version then versions.email end as email,
    case when versions.is_known_version then versions.email_status end as email_status,
    case when versions.is_known_version then versions.email_token end as email_token,
    case when versions.is_known_version then versions.unionid end as unionid,
    case when versions.is_known_version then versions.unionid_token end as unionid_token,
    versions.province,
    versions.city,
    versions.district,
    versions.address,
    versions.address_normalised,
    versions.postcode,
    case when versions.is_known_version then versions.id_token end as id_token,
    case when versions.is_known_version then versions.id_token_token end as id_token_token,
    versions.registered_at,
    versions.register_channel,
    versions.register_store_id,
    versions.referrer_member_no,
    coalesce(versions.is_test, false) as is_test,
    versions.updated_at,
    first_versions.first_updated_at
from versions
inner join first_versions on versions.member_no = first_versions.member_no
