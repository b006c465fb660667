-- Grain: one row per link that joins two records of one person
-- A view: components of more than one person have links of their own, all others keep theirs.
{{ config(materialized='view') }}
select
    links.record_id,
    links.hub_record_id,
    links.identifier_type,
    links.identifier_token
from {{ ref('int_identity__links') }} as links
left join {{ ref('int_identity__separated_records') }} as separated_records
    on links.record_id = separated_records.record_id
where separated_records.record_id is null
union all
select
    record_id,
    hub_record_id,
    identifier_type,
    identifier_token
from {{ ref('int_identity__separated_links') }}
