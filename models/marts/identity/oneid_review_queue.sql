-- Grain: one row per pair of persons who may be one, for somebody to decide
with

pairs as (
    select left_person_id, right_person_id, match_probability, reasons
    from {{ ref('int_identity__match_pairs') }}
),

-- Of each component of shared identifiers the record that numbers it.
persons as (
    select records.record_id as person_id, record_persons.one_id
    from {{ ref('int_identity__records') }} as records
    inner join {{ ref('int_identity__record_persons') }} as record_persons
        on records.source_record_key = record_persons.source_record_key
),

pairs_of_two as (
    select
        pairs.match_probability,
        pairs.reasons,
        least(left_persons.one_id, right_persons.one_id) as left_one_id,
        greatest(left_persons.one_id, right_persons.one_id) as right_one_id
    from pairs
    inner join persons as left_persons on pairs.left_person_id = left_persons.person_id
    inner join persons as right_persons on pairs.right_person_id = right_persons.person_id
    where left_persons.one_id <> right_persons.one_id
),

-- Two persons of several components each are asked about once.
ranked_pairs as (
    select
        left_one_id,
        right_one_id,
        match_probability,
        reasons,
        row_number() over (
            partition by left_one_id, right_one_id
            order by match_probability desc nulls last, reasons asc nulls last
        ) as pair_rank
    from pairs_of_two
)

select
    left_one_id,
    right_one_id,
    match_probability,
    reasons
from ranked_pairs
where pair_rank = 1
