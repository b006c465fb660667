-- Grain: one row per source record, with the person that shared identifiers make it part of
-- Such a person is numbered by its smallest record; likeness joins persons, not records.
-- A view: few of its readers need more than two columns, and none all rows.
{{ config(materialized='view') }}
select
    records.record_id,
    records.source_record_key,
    records.first_seen_at,
    coalesce(records.first_fact_key, records.source_record_key) as mint_key,
    coalesce(components.component_id, records.record_id) as person_id
from {{ ref('int_identity__records') }} as records
left join {{ ref('int_identity__components') }} as components
    on records.record_id = components.record_id
