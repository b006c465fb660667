-- Grain: one row per record, identifier type and usable identifier it held, with when
-- Orders and favourites may name a buyer by one key; no such key is ever given up. A value that the
-- patterns of its type refuse is no more use than an excluded one.
{%- set sources = [
    'stg_crm__member_identifiers',
    'stg_mini_program__user_identifiers',
    'stg_app__user_identifiers',
    'stg_website__user_identifiers',
    'stg_marketplace__buyer_identifiers',
    'stg_wecom__contact_identifiers',
    'stg_commerce__buyer_key_identifiers',
    'stg_catalog__buyer_key_identifiers',
] %}
with

held_identifiers as (
    {%- for source_model in sources %}
    select
        source_record_key,
        identifier_type,
        identifier_value,
        identifier_token,
        held_from,
        held_until,
        confirmed_at
    from {{ ref(source_model) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

exclusions as (
    select
        identifier_exclusions.identifier_type,
        lower(identifier_exclusions.identifier_value) as identifier_value
    from {{ ref('identifier_exclusions') }} as identifier_exclusions
    inner join {{ ref('stg_rekindle__as_of') }} as as_of
        on identifier_exclusions.valid_from <= as_of.as_of_date
),

policy as (
    {{ policy_in_force('identifier_policy', 'identifier_type') }}
)

select
    held_identifiers.source_record_key,
    held_identifiers.identifier_type,
    held_identifiers.identifier_token,
    min(held_identifiers.held_from) as held_from,
    max(held_identifiers.held_until) as held_until,
    max(held_identifiers.confirmed_at) as confirmed_at
from held_identifiers
left join exclusions
    on
        lower(held_identifiers.identifier_value) = exclusions.identifier_value
        and exclusions.identifier_type in (held_identifiers.identifier_type, 'any')
left join policy on held_identifiers.identifier_type = policy.identifier_type
where
    exclusions.identifier_value is null
    and (
        policy.include_pattern is null
        or {{ text_fits('held_identifiers.identifier_value', 'policy.include_pattern') }}
    )
    and (
        policy.exclude_pattern is null
        or not {{ text_fits('held_identifiers.identifier_value', 'policy.exclude_pattern') }}
    )
group by
    held_identifiers.source_record_key,
    held_identifiers.identifier_type,
    held_identifiers.identifier_token
