-- Grain: one row per registered person and stretch of days on which it counts as active
-- An order or login keeps its person active for 30 days, itself included.
with

active_days as (
    select
        activity_days.one_id,
        activity_days.active_date,
        lag(activity_days.active_date) over (
            partition by activity_days.one_id order by activity_days.active_date nulls last
        ) as previous_active_date,
        members.registered_date
    from {{ ref('int_kpi__activity_days') }} as activity_days
    inner join {{ ref('int_kpi__members') }} as members on activity_days.one_id = members.one_id
    where members.registered_date is not null
),

numbered as (
    select
        one_id,
        active_date,
        registered_date,
        sum(
            case
                when active_date <= {{ add_days('previous_active_date', 30) }} then 0
                else 1
            end
        ) over (
            partition by one_id order by active_date nulls last
            rows between unbounded preceding and current row
        ) as spell_number
    from active_days
),

spells as (
    select
        one_id,
        greatest(min(active_date), max(registered_date)) as from_date,
        {{ add_days('max(active_date)', 30) }} as to_date
    from numbered
    group by one_id, spell_number
)

select
    one_id,
    from_date,
    to_date
from spells
where from_date < to_date
