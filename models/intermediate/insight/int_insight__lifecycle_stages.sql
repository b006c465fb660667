-- Grain: one row per policy, person and day on which the policy may change the person's stage
with

points as (
    select
        policy_valid_from,
        one_id,
        point_date,
        recent_orders_change,
        prior_orders_change,
        order_date
    from {{ ref('int_insight__lifecycle_points') }}
),

states as (
    select
        policy_valid_from,
        one_id,
        point_date,
        sum(recent_orders_change) over (
            partition by policy_valid_from, one_id order by point_date nulls last
            rows between unbounded preceding and current row
        ) as recent_orders,
        sum(prior_orders_change) over (
            partition by policy_valid_from, one_id order by point_date nulls last
            rows between unbounded preceding and current row
        ) as prior_orders,
        max(order_date) over (
            partition by policy_valid_from, one_id order by point_date nulls last
            rows between unbounded preceding and current row
        ) as last_order_date,
        min(order_date) over (
            partition by policy_valid_from, one_id order by point_date nulls last
            rows between unbounded preceding and current row
        ) as first_order_date
    from points
),

reactivation_spells as (
    select
        one_id,
        reactivated_date,
        lead(reactivated_date) over (
            partition by one_id order by reactivated_date nulls last
        ) as next_reactivated_date
    from {{ ref('int_insight__reactivations') }}
)

select
    states.policy_valid_from,
    states.one_id,
    states.point_date,
    states.last_order_date,
    case
        when states.last_order_date is null then 'prospect'
        when
            {{ days_between('states.last_order_date', 'states.point_date') }}
            >= limits.churned_after_days
            then 'churned'
        when
            {{ days_between('states.last_order_date', 'states.point_date') }}
            >= limits.dormant_after_days
            then 'dormant'
        when
            {{ days_between('reactivation_spells.reactivated_date', 'states.point_date') }}
            <= policies.reactivated_days
            then 'reactivated'
        when {{ days_between('states.first_order_date', 'states.point_date') }} <= policies.new_days
            then 'new'
        when
            {{ days_between('states.last_order_date', 'states.point_date') }}
            > limits.at_risk_after_days
            then 'at_risk'
        when
            states.recent_orders >= policies.high_potential_min_recent_orders
            and states.prior_orders >= policies.high_potential_min_prior_orders
            and states.recent_orders >= policies.high_potential_min_growth * states.prior_orders
            then 'high_potential'
        else 'active'
    end as lifecycle_stage
from states
inner join {{ ref('int_insight__lifecycle_policies') }} as policies
    on states.policy_valid_from = policies.valid_from
left join {{ ref('int_insight__lifecycle_limits') }} as limits
    on
        states.one_id = limits.one_id
        and states.last_order_date = limits.order_date
        and states.policy_valid_from = limits.policy_valid_from
left join reactivation_spells
    on
        states.one_id = reactivation_spells.one_id
        and states.point_date >= reactivation_spells.reactivated_date
        and (
            reactivation_spells.next_reactivated_date is null
            or states.point_date < reactivation_spells.next_reactivated_date
        )
