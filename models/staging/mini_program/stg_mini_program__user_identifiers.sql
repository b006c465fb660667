-- Grain: one row per mini-program user, identifier type and value in any version known at as_of
with

known_versions as (
    select
        versions.openid as source_key,
        versions.unionid,
        versions.unionid_token,
        versions.phone,
        versions.phone_token,
        versions.updated_at,
        {{ held_from(
            'versions.openid',
            'versions.created_at',
            'versions.updated_at'
        ) }} as held_from
    from {{ source('mini_program', 'users') }} as versions
    inner join {{ ref('stg_rekindle__as_of') }} as as_of
        on versions.updated_at < as_of.as_of_end_at
)

{{ identifier_holdings('mini_program.users:', ['unionid', 'phone']) }}
