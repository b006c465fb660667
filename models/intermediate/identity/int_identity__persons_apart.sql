-- Grain: one row per pair of persons of whom somebody keeps two records apart
with

records as (
    select records.record_id, record_persons.one_id
    from {{ ref('int_identity__records') }} as records
    inner join {{ ref('int_identity__record_persons') }} as record_persons
        on records.source_record_key = record_persons.source_record_key
)

select
    least(left_records.one_id, right_records.one_id) as left_one_id,
    greatest(left_records.one_id, right_records.one_id) as right_one_id
from {{ ref('int_identity__decided_pairs') }} as decided_pairs
inner join records as left_records on decided_pairs.left_record_id = left_records.record_id
inner join records as right_records on decided_pairs.right_record_id = right_records.record_id
where decided_pairs.decision = 'separate' and left_records.one_id <> right_records.one_id
group by
    least(left_records.one_id, right_records.one_id),
    greatest(left_records.one_id, right_records.one_id)
