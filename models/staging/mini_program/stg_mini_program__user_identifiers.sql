-- Grain: one row per mini-program user, identifier type and value in any version known at as_of
with

known_versions as (
    select
        versions.openid as source_key,
        versions.unionid,
        versions.unionid_token,
        versions.phone,
        versions.phone_token
    from {{ source('mini_program', 'users') }} as versions
    inner join {{ ref('stg_rekindle__as_of') }} as as_of on versions.updated_at < as_of.as_of_end_at
)

select
    'mini_program.users:' || source_key as source_record_key,
    'unionid' as identifier_type,
    unionid as identifier_value,
    unionid_token as identifier_token
from known_versions
where unionid_token is not null
group by source_key, unionid, unionid_token
union all
select
    'mini_program.users:' || source_key as source_record_key,
    'phone' as identifier_type,
    phone as identifier_value,
    phone_token as identifier_token
from known_versions
where phone_token is not null
group by source_key, phone, phone_token
