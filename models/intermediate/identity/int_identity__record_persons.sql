-- Grain: one row per source record, with the person it belongs to
-- Records that stand for an erased person take no part in finding out who is who: their person is
-- the random one that the erasure gave them.
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
    assignments.effective_at as linked_at,
    coalesce(erased_records.one_id, assignments.one_id) as one_id
from {{ ref('int_identity__records') }} as records
left join assignments on records.source_record_key = assignments.source_record_key
left join {{ ref('stg_rekindle__erased_records') }} as erased_records
    on records.source_record_key = erased_records.source_record_key
where coalesce(erased_records.one_id, assignments.one_id) is not null
