-- Grain: one row per record and thing that links it: an identifier in one tenure or a decision
-- A view: clustering reads it as the links are computed.
{{ config(materialized='view') }}
select
    records.record_id,
    linking_identifiers.identifier_type,
    linking_identifiers.identifier_token,
    linking_identifiers.tenure
from {{ ref('int_identity__linking_identifiers') }} as linking_identifiers
inner join {{ ref('int_identity__records') }} as records
    on linking_identifiers.source_record_key = records.source_record_key
union all
select record_id, identifier_type, identifier_token, tenure
from {{ ref('int_identity__decided_links') }}
