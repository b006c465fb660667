-- Grain: one row per record, identifier that may link it to others and tenure of the identifier
-- A phone by which facts name their buyer is one record for each of its tenures.
with

kept_identifiers as (
    select
        identifiers.source_record_key,
        identifiers.identifier_type,
        identifiers.identifier_token,
        identifiers.held_from,
        identifiers.confirmed_at,
        identifiers.source_record_key like 'commerce.orders:%' as is_of_facts
    from {{ ref('int_identity__identifiers') }} as identifiers
    left join {{ ref('int_identity__cut_identifiers') }} as cut_identifiers
        on
            identifiers.identifier_type = cut_identifiers.identifier_type
            and identifiers.identifier_token = cut_identifiers.identifier_token
    where cut_identifiers.identifier_token is null
),

held_by_records as (
    select
        kept_identifiers.source_record_key,
        kept_identifiers.identifier_type,
        kept_identifiers.identifier_token,
        cast(
            case when kept_identifiers.is_of_facts then 1 else coalesce(tenures.tenure, 1) end
            as integer
        ) as tenure,
        kept_identifiers.held_from,
        kept_identifiers.confirmed_at
    from kept_identifiers
    {{ join_tenure('kept_identifiers', 'held_from', 'identifier_type', 'identifier_token') }}
)

select
    source_record_key,
    identifier_type,
    identifier_token,
    tenure,
    held_from,
    confirmed_at
from held_by_records
union all
select
    {{ of_tenure('kept_identifiers.source_record_key', 'tenures.tenure') }} as source_record_key,
    kept_identifiers.identifier_type,
    kept_identifiers.identifier_token,
    cast(tenures.tenure as integer) as tenure,
    tenures.begins_at as held_from,
    kept_identifiers.confirmed_at
from kept_identifiers
inner join {{ ref('int_identity__identifier_tenures') }} as tenures
    on
        kept_identifiers.identifier_type = tenures.identifier_type
        and kept_identifiers.identifier_token = tenures.identifier_token
where kept_identifiers.is_of_facts
