-- Grain: one row per person and date with a valid order
with

order_days as (
    select one_id, order_date, count(*) as orders
    from {{ ref('int_insight__valid_orders') }}
    group by one_id, order_date
)

select
    one_id,
    order_date,
    orders,
    min(order_date) over (partition by one_id) as first_order_date,
    lag(order_date) over (
        partition by one_id order by order_date nulls last
    ) as previous_order_date,
    lead(order_date) over (
        partition by one_id order by order_date nulls last
    ) as next_order_date,
    row_number() over (partition by one_id order by order_date nulls last) - 1 as gaps
from order_days
