-- Grain: one row per record linked by an identifier to the identifier's smallest record
-- A view: clustering reads two numbers of it and need not wait for identifiers to be written.
-- Holders are gathered once instead of joined with the smallest: half the texts to compare.
{{ config(materialized='view') }}
with

holdings as (
    select record_id, identifier_type, identifier_token, tenure
    from {{ ref('int_identity__holdings') }}
),

shared_identifiers as (
    select
        identifier_type,
        identifier_token,
        tenure,
        min(record_id) as hub_record_id,
        {{ array_of('record_id') }} as record_ids
    from holdings
    group by identifier_type, identifier_token, tenure
    having min(record_id) <> max(record_id)
),

links as (
    select
        {{ each_of('record_ids') }} as record_id,
        hub_record_id,
        identifier_type,
        identifier_token
    from shared_identifiers
)

select record_id, hub_record_id, identifier_type, identifier_token
from links
where record_id <> hub_record_id
