-- Grain: one row per member card, identifier type and value in any version known at as_of
with

known_versions as (
    select
        versions.member_no as source_key,
        versions.card_no,
        versions.card_no_token,
        versions.unionid,
        versions.unionid_token,
        versions.id_token,
        versions.id_token_token,
        versions.phone,
        versions.phone_token,
        versions.email,
        versions.email_token
    from {{ source('crm', 'members') }} as versions
    inner join {{ ref('stg_rekindle__as_of') }} as as_of on versions.updated_at < as_of.as_of_end_at
)

select
    'crm.members:' || source_key as source_record_key,
    'card_no' as identifier_type,
    card_no as identifier_value,
    card_no_token as identifier_token
from known_versions
where card_no_token is not null
group by source_key, card_no, card_no_token
union all
select
    'crm.members:' || source_key as source_record_key,
    'unionid' as identifier_type,
    unionid as identifier_value,
    unionid_token as identifier_token
from known_versions
where unionid_token is not null
group by source_key, unionid, unionid_token
union all
select
    'crm.members:' || source_key as source_record_key,
    'id_token' as identifier_type,
    id_token as identifier_value,
    id_token_token as identifier_token
from known_versions
where id_token_token is not null
group by source_key, id_token, id_token_token
union all
select
    'crm.members:' || source_key as source_record_key,
    'phone' as identifier_type,
    phone as identifier_value,
    phone_token as identifier_token
from known_versions
where phone_token is not null
group by source_key, phone, phone_token
union all
select
    'crm.members:' || source_key as source_record_key,
    'email' as identifier_type,
    email as identifier_value,
    email_token as identifier_token
from known_versions
where email_token is not null
group by source_key, email, email_token
