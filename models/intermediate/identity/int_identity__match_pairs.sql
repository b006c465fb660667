-- Grain: one row per pair of persons likely enough to be reviewed, and whether the two may be one
-- Whom somebody decided to keep apart nobody is asked about again.
with

scores as (
    select
        left_person_id,
        right_person_id,
        match_weight,
        match_probability,
        is_likely,
        name_level,
        birthday_level,
        address_level,
        place_level,
        gender_level
    from {{ ref('int_identity__match_scores') }}
),

holders as (
    select person_id, kind, code from {{ ref('int_identity__match_holders') }}
),

separations as (
    select
        least(left_persons.person_id, right_persons.person_id) as left_person_id,
        greatest(left_persons.person_id, right_persons.person_id) as right_person_id
    from {{ ref('int_identity__decided_pairs') }} as decided_pairs
    inner join {{ ref('int_identity__linked_persons') }} as left_persons
        on decided_pairs.left_record_id = left_persons.record_id
    inner join {{ ref('int_identity__linked_persons') }} as right_persons
        on decided_pairs.right_record_id = right_persons.record_id
    where
        decided_pairs.decision = 'separate'
        and left_persons.person_id <> right_persons.person_id
    group by
        least(left_persons.person_id, right_persons.person_id),
        greatest(left_persons.person_id, right_persons.person_id)
),

conflicts as (
    select scores.left_person_id, scores.right_person_id, min(left_holders.code) as held_twice
    from scores
    inner join holders as left_holders on scores.left_person_id = left_holders.person_id
    inner join holders as right_holders
        on
            scores.right_person_id = right_holders.person_id
            and left_holders.kind = right_holders.kind
            and left_holders.code = right_holders.code
    group by scores.left_person_id, scores.right_person_id
)

select
    scores.left_person_id,
    scores.right_person_id,
    scores.match_weight,
    scores.match_probability,
    scores.is_likely and conflicts.held_twice is null as is_accepted,
    'name:' || coalesce(scores.name_level, 'unknown')
    || ' birthday:' || coalesce(scores.birthday_level, 'unknown')
    || ' address:' || coalesce(scores.address_level, 'unknown')
    || ' place:' || coalesce(scores.place_level, 'unknown')
    || ' gender:' || coalesce(scores.gender_level, 'unknown')
    || coalesce(' both_hold:' || conflicts.held_twice, '') as reasons
from scores
left join conflicts
    on
        scores.left_person_id = conflicts.left_person_id
        and scores.right_person_id = conflicts.right_person_id
left join separations
    on
        scores.left_person_id = separations.left_person_id
        and scores.right_person_id = separations.right_person_id
where separations.left_person_id is null
