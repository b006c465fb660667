-- Grain: one row per person joined to another by likeness, with the eldest person of its group
-- The eldest is a row of its own, without a probability. Where a group is too large, two of its
-- persons hold what nobody holds twice, or somebody decided to keep two of them apart, only pairs
-- stay in which each is the other's best.
with

settings as (
    select max_group_persons from {{ ref('int_identity__match_settings') }}
),

groups as (
    select record_id as person_id, component_id as group_id
    from {{ ref('int_identity__match_groups') }}
),

held_twice as (
    select groups.group_id
    from groups
    inner join {{ ref('int_identity__match_holders') }} as holders
        on groups.person_id = holders.person_id
    group by groups.group_id, holders.kind, holders.code
    having count(*) > 1
),

kept_apart as (
    select left_groups.group_id
    from {{ ref('int_identity__decided_pairs') }} as decided_pairs
    inner join {{ ref('int_identity__linked_persons') }} as left_persons
        on decided_pairs.left_record_id = left_persons.record_id
    inner join {{ ref('int_identity__linked_persons') }} as right_persons
        on decided_pairs.right_record_id = right_persons.record_id
    inner join groups as left_groups on left_persons.person_id = left_groups.person_id
    inner join groups as right_groups
        on
            right_persons.person_id = right_groups.person_id
            and left_groups.group_id = right_groups.group_id
            and left_groups.person_id <> right_groups.person_id
    where decided_pairs.decision = 'separate'
),

broken_groups as (
    select group_id from held_twice
    union
    select group_id from kept_apart
    union
    select groups.group_id
    from groups
    cross join settings
    group by groups.group_id
    having count(*) > max(settings.max_group_persons)
),

pairs as (
    select
        groups.group_id,
        pairs.left_person_id,
        pairs.right_person_id,
        pairs.match_weight,
        pairs.match_probability,
        broken_groups.group_id is not null as is_broken
    from {{ ref('int_identity__match_pairs') }} as pairs
    inner join groups on pairs.left_person_id = groups.person_id
    left join broken_groups on groups.group_id = broken_groups.group_id
    where pairs.is_accepted
),

sides as (
    select
        left_person_id as person_id,
        right_person_id as other_person_id,
        group_id,
        match_weight,
        match_probability,
        is_broken
    from pairs
    union all
    select
        right_person_id as person_id,
        left_person_id as other_person_id,
        group_id,
        match_weight,
        match_probability,
        is_broken
    from pairs
),

ranked_sides as (
    select
        *,
        row_number() over (
            partition by person_id
            order by match_weight desc nulls last, other_person_id asc nulls last
        ) as side_rank
    from sides
),

kept_persons as (
    select person_id, group_id, max(match_probability) as match_probability
    from ranked_sides
    where not is_broken
    group by person_id, group_id
    union all
    select
        bests.person_id,
        least(bests.person_id, bests.other_person_id) as group_id,
        bests.match_probability
    from ranked_sides as bests
    inner join ranked_sides as others
        on
            bests.person_id = others.other_person_id
            and bests.other_person_id = others.person_id
    where bests.is_broken and bests.side_rank = 1 and others.side_rank = 1
),

records as (
    select
        kept_persons.person_id,
        kept_persons.group_id,
        linked_persons.first_seen_at,
        linked_persons.mint_key
    from {{ ref('int_identity__linked_persons') }} as linked_persons
    inner join kept_persons on linked_persons.person_id = kept_persons.person_id
),

ranked_records as (
    select
        *,
        row_number() over (
            partition by group_id order by first_seen_at asc nulls last, mint_key asc nulls last
        ) as age_rank
    from records
),

eldest as (
    select group_id, person_id from ranked_records
    where age_rank = 1
)

select
    kept_persons.person_id as record_id,
    eldest.person_id as hub_record_id,
    case when kept_persons.person_id <> eldest.person_id then kept_persons.match_probability end
        as match_probability
from kept_persons
inner join eldest on kept_persons.group_id = eldest.group_id
