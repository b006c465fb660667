-- Grain: one row per month and dimension value: members who came back, and what they bought then
with

reactivations as (
    select
        one_id,
        reactivated_date,
        {{ add_days('reactivated_date', 180) }} as last_judged_date
    from {{ ref('int_insight__reactivations') }}
),

orders_around as (
    select
        reactivations.one_id,
        reactivations.reactivated_date,
        order_days.orders,
        order_days.revenue,
        order_days.order_date < reactivations.reactivated_date as is_before,
        order_days.order_date >= reactivations.reactivated_date
        and order_days.order_date <= reactivations.last_judged_date as is_after,
        order_days.order_date > reactivations.reactivated_date
        and order_days.order_date <= reactivations.last_judged_date as is_return
    from reactivations
    inner join {{ ref('int_kpi__order_days') }} as order_days
        on reactivations.one_id = order_days.one_id
),

measures as (
    select
        one_id,
        reactivated_date,
        {{ start_of_month('reactivated_date') }} as period_start_date,
        1 as reactivated,
        min(case when is_return then 0 else 1 end) as dormant_again,
        sum(case when is_before then orders else 0 end) as orders_before,
        sum(case when is_before then revenue else 0 end) as revenue_before,
        sum(case when is_after then orders else 0 end) as orders_after,
        sum(case when is_after then revenue else 0 end) as revenue_after
    from orders_around
    group by one_id, reactivated_date
)

{{ sums_by_dimension(
    'measures', [
        'reactivated', 'dormant_again', 'orders_before', 'revenue_before', 'orders_after',
        'revenue_after'
    ]
) }}
