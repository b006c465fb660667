-- Grain: one row per source record, with the person it belongs to
with

assignments as (
    {{ newest_assignments(ref('int_identity__assignments')) }}
)

select
    records.source_record_key,
    records.born_at,
    records.updated_at,
    records.first_fact_at,
    records.first_seen_at,
    assignments.one_id
from {{ ref('int_identity__records') }} as records
inner join assignments on records.source_record_key = assignments.source_record_key
