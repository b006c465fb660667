-- Grain: one row per record of a person of many records and identifier that links it to another
-- Of such persons bridges are looked for. Records have even numbers, identifiers odd ones.
with

policy as (
    select parameter as least_records
    from ({{ policy_in_force('identity_audit', 'metric_code') }}) as audit_policy
    where metric_code = 'bridges'
),

persons as (
    select one_id, count(*) as record_count
    from {{ ref('int_identity__record_persons') }}
    group by one_id
),

large_persons as (
    select persons.one_id, persons.record_count
    from persons
    inner join policy on persons.record_count >= policy.least_records
),

records as (
    select large_persons.one_id, large_persons.record_count, records.record_id
    from {{ ref('int_identity__records') }} as records
    inner join {{ ref('int_identity__record_persons') }} as record_persons
        on records.source_record_key = record_persons.source_record_key
    inner join large_persons on record_persons.one_id = large_persons.one_id
),

edges as (
    select
        records.one_id,
        records.record_count,
        edges.record_id,
        edges.hub_record_id,
        edges.identifier_type,
        edges.identifier_token
    from {{ ref('int_identity__edges') }} as edges
    inner join records on edges.record_id = records.record_id
    inner join records as hub_records
        on edges.hub_record_id = hub_records.record_id and records.one_id = hub_records.one_id
),

holdings as (
    select one_id, record_count, record_id, identifier_type, identifier_token
    from edges
    union
    select one_id, record_count, hub_record_id as record_id, identifier_type, identifier_token
    from edges
)

select
    one_id,
    record_count,
    record_id,
    identifier_type,
    identifier_token,
    2 * record_id as record_number,
    2 * {{ key_number(
        "one_id || '|' || identifier_type || '|' || identifier_token"
    ) }} + 1 as identifier_number
from holdings
