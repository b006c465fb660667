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
        versions.email_token,
        versions.updated_at,
        {{ held_from(
            'versions.member_no',
            'versions.registered_at',
            'versions.updated_at'
        ) }} as held_from
    from {{ source('crm', 'members') }} as versions
    inner join {{ ref('stg_rekindle__as_of') }} as as_of
        on versions.updated_at < as_of.as_of_end_at
)

{{ identifier_holdings('crm.members:', ['card_no', 'unionid', 'id_token', 'phone', 'email']) }}
