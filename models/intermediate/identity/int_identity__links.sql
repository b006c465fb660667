-- Grain: one row per record linked by an identifier to the identifier's smallest record
-- A view: clustering reads two numbers of it and need not wait for identifiers to be written.
{{ config(materialized='view') }}
with

held_identifiers as (
    select
        records.record_id,
        linking_identifiers.identifier_type,
        linking_identifiers.identifier_token
    from {{ ref('int_identity__linking_identifiers') }} as linking_identifiers
    inner join {{ ref('int_identity__records') }} as records
        on linking_identifiers.source_record_key = records.source_record_key
),

shared_identifiers as (
    select identifier_type, identifier_token, min(record_id) as hub_record_id
    from held_identifiers
    group by identifier_type, identifier_token
    having min(record_id) <> max(record_id)
)

select
    held_identifiers.record_id,
    shared_identifiers.hub_record_id,
    held_identifiers.identifier_type,
    held_identifiers.identifier_token
from held_identifiers
inner join shared_identifiers
    on
        held_identifiers.identifier_type = shared_identifiers.identifier_type
        and held_identifiers.identifier_token = shared_identifiers.identifier_token
where held_identifiers.record_id <> shared_identifiers.hub_record_id
