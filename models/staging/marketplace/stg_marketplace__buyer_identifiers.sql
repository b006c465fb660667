-- Grain: one row per marketplace buyer, identifier type and value in any version known at as_of
with

known_versions as (
    select
        versions.platform || ':' || versions.buyer_id as source_key,
        versions.phone,
        versions.phone_token,
        versions.updated_at,
        {{ held_from(
            'versions.platform, versions.buyer_id',
            'versions.created_at',
            'versions.updated_at'
        ) }} as held_from
    from {{ source('marketplace', 'buyers') }} as versions
    inner join {{ ref('stg_rekindle__as_of') }} as as_of
        on versions.updated_at < as_of.as_of_end_at
)

{{ identifier_holdings('marketplace.buyers:', ['phone']) }}
