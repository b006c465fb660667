-- Grain: one row per website user, identifier type and value in any version known at as_of
with

known_versions as (
    select
        versions.web_user_id as source_key,
        versions.phone,
        versions.phone_token,
        versions.email,
        versions.email_token
    from {{ source('website', 'users') }} as versions
    inner join {{ ref('stg_rekindle__as_of') }} as as_of on versions.updated_at < as_of.as_of_end_at
)

select
    'website.users:' || source_key as source_record_key,
    'phone' as identifier_type,
    phone as identifier_value,
    phone_token as identifier_token
from known_versions
where phone_token is not null
group by source_key, phone, phone_token
union all
select
    'website.users:' || source_key as source_record_key,
    'email' as identifier_type,
    email as identifier_value,
    email_token as identifier_token
from known_versions
where email_token is not null
group by source_key, email, email_token
