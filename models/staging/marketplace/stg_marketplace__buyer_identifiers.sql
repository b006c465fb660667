-- Grain: one row per marketplace buyer, identifier type and value in any version known at as_of
with

known_versions as (
    select
        versions.platform || ':' || versions.buyer_id as source_key,
        versions.phone,
        versions.phone_token
    from {{ source('marketplace', 'buyers') }} as versions
    inner join {{ ref('stg_rekindle__as_of') }} as as_of on versions.updated_at < as_of.as_of_end_at
)

select
    'marketplace.buyers:' || source_key as source_record_key,
    'phone' as identifier_type,
    phone as identifier_value,
    phone_token as identifier_token
from known_versions
where phone_token is not null
group by source_key, phone, phone_token
