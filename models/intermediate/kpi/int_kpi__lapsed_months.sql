-- Grain: one row per month and person lapsed as it starts, with whether the person ordered then
-- A table, since its size decides how the sums over it are joined.
with

lapsed_spells as (
    select spells.one_id, spells.valid_from_date, spells.valid_to_date
    from {{ ref('lifecycle_intervals') }} as spells
    inner join {{ ref('int_insight__stages') }} as stages
        on spells.lifecycle_stage = stages.lifecycle_stage
    where stages.is_lapsed
),

lapsed_members as (
    select
        lapsed_spells.one_id,
        months.period_start_date,
        {{ add_days('months.period_start_date', -1) }} as eve_date
    from lapsed_spells
    inner join {{ ref('int_kpi__months') }} as months
        on
            lapsed_spells.valid_from_date < months.period_start_date
            and (
                lapsed_spells.valid_to_date is null
                or lapsed_spells.valid_to_date >= months.period_start_date
            )
)

select
    lapsed_members.one_id,
    lapsed_members.period_start_date,
    1 as lapsed,
    max(
        case
            when order_days.order_date <= {{ add_days('lapsed_members.eve_date', 21) }} then 1
            else 0
        end
    ) as activated_21d,
    max(case when order_days.order_date is not null then 1 else 0 end) as activated_30d
from lapsed_members
left join {{ ref('int_insight__order_days') }} as order_days
    on
        lapsed_members.one_id = order_days.one_id
        and lapsed_members.eve_date < order_days.order_date
        and {{ add_days('lapsed_members.eve_date', 30) }} >= order_days.order_date
group by lapsed_members.one_id, lapsed_members.period_start_date
