-- Grain: one row per date and dimension value: registered members and the active among them
with

states as (
    select one_id, dimension_type, dimension_value, from_date, to_date
    from {{ ref('int_kpi__member_states') }}
),

active_states as (
    select
        states.dimension_type,
        states.dimension_value,
        greatest(states.from_date, activity_spells.from_date) as from_date,
        least(states.to_date, activity_spells.to_date) as to_date
    from states
    inner join {{ ref('int_kpi__activity_spells') }} as activity_spells
        on
            states.one_id = activity_spells.one_id
            and states.from_date < activity_spells.to_date
            and states.to_date > activity_spells.from_date
),

changes as (
    select
        dimension_type,
        dimension_value,
        from_date as changed_date,
        count(*) as registered,
        0 as active
    from states
    group by dimension_type, dimension_value, from_date
    union all
    select
        dimension_type,
        dimension_value,
        to_date as changed_date,
        -count(*) as registered,
        0 as active
    from states
    group by dimension_type, dimension_value, to_date
    union all
    select
        dimension_type,
        dimension_value,
        from_date as changed_date,
        0 as registered,
        count(*) as active
    from active_states
    group by dimension_type, dimension_value, from_date
    union all
    select
        dimension_type,
        dimension_value,
        to_date as changed_date,
        0 as registered,
        -count(*) as active
    from active_states
    group by dimension_type, dimension_value, to_date
),

-- the calendar's own rows carry no change but make every date appear
calendar as (
    select
        dimension_values.dimension_type,
        dimension_values.dimension_value,
        days.period_date as changed_date,
        0 as registered,
        0 as active
    from (
        select dimension_type, dimension_value
        from states
        group by dimension_type, dimension_value
    ) as dimension_values
    cross join {{ ref('int_kpi__days') }} as days
    where days.period_date <= days.as_of_date
),

dated_changes as (
    select dimension_type, dimension_value, changed_date, registered, active, 0 as is_calendar
    from changes
    union all
    select dimension_type, dimension_value, changed_date, registered, active, 1 as is_calendar
    from calendar
),

running as (
    select
        dimension_type,
        dimension_value,
        changed_date,
        max(is_calendar) as is_calendar,
        sum(sum(registered)) over (
            partition by dimension_type, dimension_value order by changed_date nulls last
            rows between unbounded preceding and current row
        ) as registered_members,
        sum(sum(active)) over (
            partition by dimension_type, dimension_value order by changed_date nulls last
            rows between unbounded preceding and current row
        ) as active_members
    from dated_changes
    group by dimension_type, dimension_value, changed_date
),

counted as (
    select
        changed_date as period_start_date,
        dimension_type,
        dimension_value,
        registered_members,
        active_members
    from running
    where is_calendar = 1
),

-- whoever has no group on a date is what the groups leave over
without_group as (
    select
        period_start_date,
        'rfm_group' as dimension_type,
        'none' as dimension_value,
        sum(case when dimension_type = 'all' then registered_members else -registered_members end)
            as registered_members,
        sum(case when dimension_type = 'all' then active_members else -active_members end)
            as active_members
    from counted
    where dimension_type in ('all', 'rfm_group')
    group by period_start_date
)

select period_start_date, dimension_type, dimension_value, registered_members, active_members
from counted
union all
select period_start_date, dimension_type, dimension_value, registered_members, active_members
from without_group
