-- Grain: one row per record, identifier type and usable identifier it held, with when
-- Orders and favourites may name a buyer by one key; no such key is ever given up.
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
        held_until
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
)

select
    held_identifiers.source_record_key,
    held_identifiers.identifier_type,
    held_identifiers.identifier_token,
    min(held_identifiers.held_from) as held_from,
    max(held_identifiers.held_until) as held_until
from held_identifiers
left join exclusions
    on
        lower(held_identifiers.identifier_value) = exclusions.identifier_value
        and exclusions.identifier_type in (held_identifiers.identifier_type, 'any')
where exclusions.identifier_value is null
group by
    held_identifiers.source_record_key,
    held_identifiers.identifier_type,
    held_identifiers.identifier_token
