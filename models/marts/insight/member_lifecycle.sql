-- Grain: one row per person
with

open_spells as (
    select as_of_date, one_id, lifecycle_stage, valid_from_date
    from {{ ref('lifecycle_intervals') }}
    where valid_to_date is null
),

orders as (
    select
        one_id,
        min(order_date) as first_order_date,
        max(order_date) as last_order_date,
        sum(orders) as orders_lifetime
    from {{ ref('int_insight__order_days') }}
    group by one_id
),

limits as (
    select
        lifecycle_limits.one_id,
        lifecycle_limits.order_date,
        lifecycle_limits.at_risk_after_days,
        lifecycle_limits.dormant_after_days,
        lifecycle_limits.churned_after_days
    from {{ ref('int_insight__lifecycle_limits') }} as lifecycle_limits
    inner join {{ ref('int_insight__lifecycle_policies') }} as policies
        on lifecycle_limits.policy_valid_from = policies.valid_from
    inner join {{ ref('stg_rekindle__as_of') }} as as_of
        on policies.valid_from <= as_of.as_of_date and policies.valid_to > as_of.as_of_date
),

stages as (
    select lifecycle_stage, label_zh from {{ ref('int_insight__stages') }}
)

select
    open_spells.as_of_date,
    open_spells.one_id,
    open_spells.lifecycle_stage,
    stages.label_zh as lifecycle_stage_zh,
    open_spells.valid_from_date as stage_since_date,
    orders.first_order_date,
    orders.last_order_date,
    {{ days_between('orders.last_order_date', 'open_spells.as_of_date') }} as days_since_last_order,
    cast(coalesce(orders.orders_lifetime, 0) as bigint) as orders_lifetime,
    limits.at_risk_after_days,
    limits.dormant_after_days,
    limits.churned_after_days
from open_spells
inner join stages on open_spells.lifecycle_stage = stages.lifecycle_stage
left join orders on open_spells.one_id = orders.one_id
left join limits on orders.one_id = limits.one_id and orders.last_order_date = limits.order_date
