-- Grain: one row per WeCom contact, identifier type and value in any version known at as_of
with

known_versions as (
    select
        versions.external_userid as source_key,
        versions.unionid,
        versions.unionid_token,
        versions.phone,
        versions.phone_token,
        coalesce(versions.updated_at, versions.added_at) as updated_at,
        {{ held_from(
            'versions.external_userid',
            'versions.added_at',
            'coalesce(versions.updated_at, versions.added_at)'
        ) }} as held_from
    from {{ source('wecom', 'contacts') }} as versions
    inner join {{ ref('stg_rekindle__as_of') }} as as_of
        on coalesce(versions.updated_at, versions.added_at) < as_of.as_of_end_at
)

{{ identifier_holdings('wecom.contacts:', ['unionid', 'phone']) }}
