-- Grain: one row per edge used: two records and the identifier they share, or their likeness
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
    edges.identifier_type,
    edges.identifier_token,
    edges.match_probability,
    coalesce(edges.reasons, decisions.reasons) as reasons
from edges
inner join records as hub_records on edges.hub_record_id = hub_records.record_id
inner join records as linked_records
    on edges.record_id = linked_records.record_id and hub_records.one_id = linked_records.one_id
left join decisions
    on edges.identifier_type = 'decision' and edges.identifier_token = decisions.decision_token
