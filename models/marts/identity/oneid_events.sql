-- Grain: one row per change of persons: one came to be, two became one, one became two
-- What was thought of a record holds until its next assignment. A person whose records all went to
-- another one was merged; one of which some stayed was split. An id resolves to itself while a
-- record has it, then to who has the record of it that was seen first, of those that had it last.
with

assignments as (
    select
        source_record_key,
        one_id,
        assignment_number,
        effective_at,
        changed_at,
        caused_by,
        lag(one_id) over (
            partition by source_record_key order by assignment_number asc nulls last
        ) as former_one_id,
        lead(changed_at) over (
            partition by source_record_key order by assignment_number asc nulls last
        ) as next_changed_at,
        first_value(effective_at) over (
            partition by source_record_key order by assignment_number asc nulls last
        ) as first_seen_at,
        first_value(one_id) over (
            partition by source_record_key order by assignment_number desc nulls last
        ) as newest_one_id,
        row_number() over (
            partition by one_id
            order by
                changed_at asc nulls last,
                effective_at asc nulls last,
                source_record_key asc nulls last
        ) as mint_rank
    from {{ ref('int_identity__assignments') }}
),

holders as (
    select
        assignments.one_id,
        coalesce(record_persons.one_id, assignments.newest_one_id) as current_one_id,
        row_number() over (
            partition by assignments.one_id
            order by
                case
                    when record_persons.one_id is null then 3
                    when assignments.one_id <> record_persons.one_id then 2
                    else 1
                end asc nulls last,
                assignments.next_changed_at desc nulls last,
                assignments.first_seen_at asc nulls last,
                assignments.source_record_key asc nulls last
        ) as holder_rank
    from assignments
    left join {{ ref('int_identity__record_persons') }} as record_persons
        on assignments.source_record_key = record_persons.source_record_key
),

current_persons as (
    select one_id, current_one_id from holders
    where holder_rank = 1
),

moves as (
    select
        one_id,
        former_one_id,
        changed_at,
        min(effective_at) as effective_at,
        min(caused_by) as caused_by
    from assignments
    where former_one_id is not null and former_one_id <> one_id
    group by one_id, former_one_id, changed_at
),

left_behind as (
    select moves.one_id, moves.former_one_id, moves.changed_at
    from moves
    inner join assignments
        on
            moves.former_one_id = assignments.one_id
            and moves.changed_at >= assignments.changed_at
            and (
                moves.changed_at < assignments.next_changed_at
                or assignments.next_changed_at is null
            )
    group by moves.one_id, moves.former_one_id, moves.changed_at
),

changes as (
    select
        'create' as event_type,
        one_id,
        cast(null as string) as other_one_id,
        one_id as resolved_one_id,
        caused_by,
        effective_at,
        changed_at
    from assignments
    where mint_rank = 1 and former_one_id is null
    union all
    select
        case when left_behind.one_id is null then 'merge' else 'split' end as event_type,
        moves.one_id,
        moves.former_one_id as other_one_id,
        case when left_behind.one_id is null then moves.former_one_id else moves.one_id end
            as resolved_one_id,
        moves.caused_by,
        moves.effective_at,
        moves.changed_at
    from moves
    left join left_behind
        on
            moves.one_id = left_behind.one_id
            and moves.former_one_id = left_behind.former_one_id
            and moves.changed_at = left_behind.changed_at
)

select
    md5(
        changes.event_type || '|' || changes.one_id || '|' || coalesce(changes.other_one_id, '')
        || '|' || cast(changes.changed_at as string)
    ) as event_id,
    changes.event_type,
    changes.one_id,
    changes.other_one_id,
    current_persons.current_one_id,
    changes.caused_by,
    changes.effective_at,
    changes.changed_at
from changes
inner join current_persons on changes.resolved_one_id = current_persons.one_id
