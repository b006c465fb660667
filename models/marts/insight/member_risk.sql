-- Grain: one row per person in a stage that early warning watches
with

levels as (
    select evaluated_date, one_id, rfm_group, reason_count, risk_level, p_alive
    from {{ ref('int_insight__risk_levels') }}
),

stages as (
    select as_of_date, one_id, lifecycle_stage from {{ ref('member_lifecycle') }}
),

spells as (
    select one_id, from_date, to_date from {{ ref('int_insight__risk_spells') }}
)

select
    stages.as_of_date,
    levels.one_id,
    stages.lifecycle_stage,
    levels.rfm_group,
    levels.risk_level,
    levels.reason_count,
    spells.from_date as at_risk_since_date,
    {{ days_between('spells.from_date', 'stages.as_of_date') }} as days_at_risk,
    levels.p_alive
from levels
inner join stages
    on levels.one_id = stages.one_id and levels.evaluated_date = stages.as_of_date
left join spells
    on
        levels.one_id = spells.one_id
        and stages.as_of_date >= spells.from_date
        and stages.as_of_date < spells.to_date
