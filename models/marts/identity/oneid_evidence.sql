-- Grain: one row per two records of a person and what they share: an edge used, or a device
-- A device joins nobody: it is told of records that other edges make one person.
-- A decision says in its reasons who made it, from when on, and why.
with

edges as (
    select
        record_id,
        hub_record_id,
        identifier_type,
        identifier_token,
        match_probability,
        reasons
    from {{ ref('int_identity__edges') }}
),

devices as (
    select
        record_id,
        min(record_id) over (partition by one_id, device_token) as hub_record_id,
        device_token
    from {{ ref('int_identity__shared_devices') }}
),

shared as (
    select
        record_id,
        hub_record_id,
        identifier_type,
        identifier_token,
        match_probability,
        reasons
    from edges
    union all
    select
        record_id,
        hub_record_id,
        'device' as identifier_type,
        device_token as identifier_token,
        cast(null as double) as match_probability,
        cast(null as string) as reasons
    from devices
    where record_id <> hub_record_id
),

decisions as (
    select
        decision_token,
        decided_by || ', from ' || cast(valid_from as string)
        || ' on: ' || reason as reasons
    from {{ ref('int_identity__decided_pairs') }}
    where decision = 'link'
),

records as (
    select
        records.record_id,
        record_persons.one_id,
        {{ record_source_system('records.source_record_key') }} as source_system,
        {{ record_source_table('records.source_record_key') }} as source_table,
        {{ record_source_key('records.source_record_key') }} as source_key
    from {{ ref('int_identity__records') }} as records
    inner join {{ ref('int_identity__record_persons') }} as record_persons
        on records.source_record_key = record_persons.source_record_key
)

select
    hub_records.one_id,
    hub_records.source_system as left_source_system,
    hub_records.source_table as left_source_table,
    hub_records.source_key as left_source_key,
    linked_records.source_system as right_source_system,
    linked_records.source_table as right_source_table,
    linked_records.source_key as right_source_key,
    shared.identifier_type,
    shared.identifier_token,
    shared.match_probability,
    coalesce(shared.reasons, decisions.reasons) as reasons
from shared
inner join records as hub_records on shared.hub_record_id = hub_records.record_id
inner join records as linked_records
    on shared.record_id = linked_records.record_id and hub_records.one_id = linked_records.one_id
left join decisions
    on shared.identifier_type = 'decision' and shared.identifier_token = decisions.decision_token
