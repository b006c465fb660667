-- Grain: one row per month and person to be activated as it starts, with whether the person ordered
-- Lapsed or at high risk: nobody is both. A table, since its size decides how the sums over it are
-- joined.
with

lapsed_spells as (
    select spells.one_id, spells.valid_from_date, spells.valid_to_date
    from {{ ref('lifecycle_intervals') }} as spells
    inner join {{ ref('int_insight__stages') }} as stages
        on spells.lifecycle_stage = stages.lifecycle_stage
    where stages.is_lapsed
),

eves as (
    select period_start_date, {{ add_days('period_start_date', -1) }} as eve_date
    from {{ ref('int_kpi__months') }}
),

members as (
    select lapsed_spells.one_id, eves.period_start_date, eves.eve_date, 1 as lapsed, 0 as high_risk
    from lapsed_spells
    inner join eves
        on
            lapsed_spells.valid_from_date < eves.period_start_date
            and (
                lapsed_spells.valid_to_date is null
                or lapsed_spells.valid_to_date >= eves.period_start_date
            )
    union all
    select risks.one_id, eves.period_start_date, eves.eve_date, 0 as lapsed, 1 as high_risk
    from {{ ref('risk_history') }} as risks
    inner join eves on risks.as_of_date = eves.eve_date
    where risks.risk_level >= 2
),

activations as (
    select
        members.one_id,
        members.period_start_date,
        members.lapsed,
        members.high_risk,
        max(
            case
                when order_days.order_date <= {{ add_days('members.eve_date', 21) }} then 1 else 0
            end
        ) as activated_21d,
        max(case when order_days.order_date is not null then 1 else 0 end) as activated_30d
    from members
    left join {{ ref('int_insight__order_days') }} as order_days
        on
            members.one_id = order_days.one_id
            and members.eve_date < order_days.order_date
            and {{ add_days('members.eve_date', 30) }} >= order_days.order_date
    group by members.one_id, members.period_start_date, members.lapsed, members.high_risk
)

select
    one_id,
    period_start_date,
    lapsed,
    lapsed * activated_21d as lapsed_activated_21d,
    lapsed * activated_30d as lapsed_activated_30d,
    high_risk,
    high_risk * activated_21d as high_risk_activated_21d,
    high_risk * activated_30d as high_risk_activated_30d
from activations
