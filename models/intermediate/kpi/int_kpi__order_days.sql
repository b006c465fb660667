-- Grain: one row per person (null: nobody) and date with a valid order, with the orders' measures
with

profits as (
    select
        order_id,
        sum(profit) as profit
    from {{ ref('fct_order_lines') }}
    where is_valid and one_id is not null
    group by order_id
),

orders as (
    select
        order_id,
        one_id,
        order_date,
        net_revenue,
        is_discounted,
        is_private_domain,
        coalesce(order_sequence >= 2, false) as is_repeat
    from {{ ref('fct_orders') }}
    where is_valid
)

select
    orders.one_id,
    orders.order_date,
    max(case when orders.one_id is not null then 1 else 0 end) as buyers,
    count(*) as orders,
    count(orders.one_id) as person_orders,
    sum(orders.net_revenue) as revenue,
    sum(case when orders.one_id is not null then orders.net_revenue else 0 end) as person_revenue,
    sum(case when orders.is_repeat then orders.net_revenue else 0 end) as repeat_revenue,
    sum(case when orders.is_repeat and orders.is_private_domain then orders.net_revenue else 0 end)
        as private_repeat_revenue,
    sum(case when orders.one_id is not null and orders.is_discounted then 1 else 0 end)
        as discounted_orders,
    sum(coalesce(profits.profit, 0)) as profit,
    sum(case when orders.is_repeat then coalesce(profits.profit, 0) else 0 end) as repeat_profit
from orders
left join profits on orders.order_id = profits.order_id
group by orders.one_id, orders.order_date
