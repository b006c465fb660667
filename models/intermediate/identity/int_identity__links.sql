-- Grain: one row per record linked by an identifier to the identifier's smallest record
-- A view: clustering reads two numbers of it and need not wait for identifiers to be written.
{{ config(materialized='view') }}
with

holdings as (
    select record_id, identifier_type, identifier_token, tenure
    from {{ ref('int_identity__holdings') }}
),

shared_identifiers as (
    select identifier_type, identifier_token, tenure, min(record_id) as hub_record_id
    from holdings
    group by identifier_type, identifier_token, tenure
    having min(record_id) <> max(record_id)
)

select
    holdings.record_id,
    shared_identifiers.hub_record_id,
    holdings.identifier_type,
    holdings.identifier_token
from holdings
inner join shared_identifiers
    on
        holdings.identifier_type = shared_identifiers.identifier_type
        and holdings.identifier_token = shared_identifiers.identifier_token
        and holdings.tenure = shared_identifiers.tenure
where holdings.record_id <> shared_identifiers.hub_record_id
