-- Grain: one row per record and value of an identifier that a person has once
-- A value is numbered by the smallest record that holds it.
with

policy as (
    {{ policy_in_force('identifier_policy', 'identifier_type') }}
),

person_values as (
    select
        records.record_id,
        linking_identifiers.identifier_type || ':' || linking_identifiers.identifier_token as held
    from {{ ref('int_identity__linking_identifiers') }} as linking_identifiers
    inner join policy on linking_identifiers.identifier_type = policy.identifier_type
    inner join {{ ref('int_identity__records') }} as records
        on linking_identifiers.source_record_key = records.source_record_key
    where policy.is_one_per_person
    group by
        records.record_id,
        linking_identifiers.identifier_type,
        linking_identifiers.identifier_token
)

select record_id, held, min(record_id) over (partition by held) as value_number
from person_values
