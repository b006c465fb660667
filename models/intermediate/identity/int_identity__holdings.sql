-- Grain: one row per record and thing that links it: an identifier in one tenure or a decision
-- A view: clustering reads it as the links are computed.
{{ config(materialized='view') }}
select
    records.record_id,
    record_holdings.identifier_type,
    record_holdings.identifier_token,
    record_holdings.tenure
from {{ ref('int_identity__record_holdings') }} as record_holdings
inner join {{ ref('int_identity__records') }} as records
    on record_holdings.source_record_key = records.source_record_key
union all
select record_id, identifier_type, identifier_token, tenure
from {{ ref('int_identity__decided_links') }}
