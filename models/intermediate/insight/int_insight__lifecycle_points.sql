-- Grain: one row per policy, person and day on which the policy may change the person's stage
-- Between two such days nothing that the stage depends on changes: neither the windows' order
-- counts nor which side of a limit the days since an order are on.
with

order_days as (
    select one_id, order_date, orders, first_order_date, next_order_date
    from {{ ref('int_insight__order_days') }}
),

policies as (
    select valid_from, valid_to, new_days, reactivated_days, high_potential_window_days
    from {{ ref('int_insight__lifecycle_policies') }}
),

order_limits as (
    select
        order_days.one_id,
        order_days.order_date,
        order_days.orders,
        order_days.first_order_date,
        order_days.next_order_date,
        limits.policy_valid_from,
        limits.at_risk_after_days,
        limits.dormant_after_days,
        limits.churned_after_days,
        policies.new_days,
        policies.reactivated_days,
        policies.high_potential_window_days,
        reactivations.reactivated_date
    from order_days
    inner join {{ ref('int_insight__lifecycle_limits') }} as limits
        on order_days.one_id = limits.one_id and order_days.order_date = limits.order_date
    inner join policies on limits.policy_valid_from = policies.valid_from
    left join {{ ref('int_insight__reactivations') }} as reactivations
        on
            order_days.one_id = reactivations.one_id
            and order_days.order_date = reactivations.reactivated_date
),

births as (
    select one_id, born_date
    from {{ ref('dim_member') }}
    where not is_test and not is_staff
),

points as (
    select
        policies.valid_from as policy_valid_from,
        births.one_id,
        births.born_date as point_date,
        0 as recent_orders_change,
        0 as prior_orders_change,
        cast(null as date) as order_date
    from births
    cross join policies
    union all
    select
        policy_valid_from,
        one_id,
        order_date as point_date,
        orders as recent_orders_change,
        0 as prior_orders_change,
        order_date
    from order_limits
    union all
    select
        policy_valid_from,
        one_id,
        {{ add_days('order_date', 'high_potential_window_days') }} as point_date,
        -orders as recent_orders_change,
        orders as prior_orders_change,
        cast(null as date) as order_date
    from order_limits
    union all
    select
        policy_valid_from,
        one_id,
        {{ add_days('order_date', '2 * high_potential_window_days') }} as point_date,
        0 as recent_orders_change,
        -orders as prior_orders_change,
        cast(null as date) as order_date
    from order_limits
    union all
    select
        policy_valid_from,
        one_id,
        {{ add_days('order_date', 'new_days + 1') }} as point_date,
        0 as recent_orders_change,
        0 as prior_orders_change,
        cast(null as date) as order_date
    from order_limits
    where order_date = first_order_date
    union all
    select
        policy_valid_from,
        one_id,
        {{ add_days('order_date', 'reactivated_days + 1') }} as point_date,
        0 as recent_orders_change,
        0 as prior_orders_change,
        cast(null as date) as order_date
    from order_limits
    where reactivated_date is not null
    {%- for limit in [
        'cast(floor(at_risk_after_days) as integer) + 1',
        'cast(ceil(dormant_after_days) as integer)',
        'cast(ceil(churned_after_days) as integer)',
    ] %}
    union all
    select
        policy_valid_from,
        one_id,
        {{ add_days('order_date', limit) }} as point_date,
        0 as recent_orders_change,
        0 as prior_orders_change,
        cast(null as date) as order_date
    from order_limits
    where next_order_date is null or {{ add_days('order_date', limit) }} < next_order_date
    {%- endfor %}
)

select
    points.policy_valid_from,
    points.one_id,
    points.point_date,
    cast(sum(points.recent_orders_change) as bigint) as recent_orders_change,
    cast(sum(points.prior_orders_change) as bigint) as prior_orders_change,
    max(points.order_date) as order_date
from points
inner join {{ ref('stg_rekindle__as_of') }} as as_of on points.point_date <= as_of.as_of_date
group by points.policy_valid_from, points.one_id, points.point_date
