-- Grain: one row per month and person registered at its end, and one more where it is active then
-- A table, since its size decides how the sums over it are joined.
select
    members.one_id,
    months.period_start_date,
    1 as registered_members,
    0 as active_members
from {{ ref('int_kpi__members') }} as members
inner join {{ ref('int_kpi__months') }} as months
    on members.registered_date <= months.period_end_date
union all
select
    activity_spells.one_id,
    months.period_start_date,
    0 as registered_members,
    1 as active_members
from {{ ref('int_kpi__activity_spells') }} as activity_spells
inner join {{ ref('int_kpi__months') }} as months
    on
        activity_spells.from_date <= months.period_end_date
        and activity_spells.to_date > months.period_end_date
