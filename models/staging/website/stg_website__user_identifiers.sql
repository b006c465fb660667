-- Grain: one row per website user, identifier type and value in any version known at as_of
with

known_versions as (
    select
        versions.web_user_id as source_key,
        versions.phone,
        versions.phone_token,
        versions.email,
        versions.email_token,
        versions.updated_at,
        {{ held_from(
            'versions.web_user_id',
            'versions.created_at',
            'versions.updated_at'
        ) }} as held_from
    from {{ source('website', 'users') }} as versions
    inner join {{ ref('stg_rekindle__as_of') }} as as_of
        on versions.updated_at < as_of.as_of_end_at
)

{{ identifier_holdings('website.users:', ['phone', 'email']) }}
