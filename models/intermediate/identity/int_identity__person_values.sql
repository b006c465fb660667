-- Grain: one row per record and value of an identifier that a person has once
with

policy as (
    {{ policy_in_force('identifier_policy', 'identifier_type') }}
)

select
    linking_identifiers.source_record_key,
    linking_identifiers.identifier_type || ':' || linking_identifiers.identifier_token as held
from {{ ref('int_identity__linking_identifiers') }} as linking_identifiers
inner join policy on linking_identifiers.identifier_type = policy.identifier_type
where policy.is_one_per_person
group by
    linking_identifiers.source_record_key,
    linking_identifiers.identifier_type,
    linking_identifiers.identifier_token
