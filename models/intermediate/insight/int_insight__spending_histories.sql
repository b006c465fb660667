-- Grain: one row per evaluated day (as_of, 180 days before) and person with a valid order by then
with

days as (
    select step, evaluated_date from {{ ref('int_insight__model_days') }}
    where step in (0, 2)
),

orders as (
    select one_id, order_date, sum(net_revenue) as net_revenue
    from {{ ref('int_insight__valid_orders') }}
    group by one_id, order_date
),

spending as (
    select
        days.step,
        orders.one_id,
        sum(case when orders.order_date <= days.evaluated_date then orders.net_revenue else 0 end)
            as past_revenue,
        sum(
            case
                when
                    orders.order_date <= days.evaluated_date
                    and orders.order_date > {{ add_days('days.evaluated_date', -180) }}
                    then orders.net_revenue
                else 0
            end
        ) as recent_revenue,
        sum(
            case
                when
                    orders.order_date <= days.evaluated_date
                    and orders.order_date > {{ add_days('days.evaluated_date', -180) }}
                    then 1
                else 0
            end
        ) as recent_purchases,
        sum(case when orders.order_date > days.evaluated_date then orders.net_revenue else 0 end)
            as later_revenue,
        sum(case when orders.order_date > days.evaluated_date then 1 else 0 end)
            as later_purchases
    from orders
    inner join days on orders.order_date <= {{ add_days('days.evaluated_date', 180) }}
    group by days.step, orders.one_id
)

select
    histories.step,
    histories.one_id,
    histories.repeats,
    histories.active_days,
    histories.age_days,
    histories.repeats + 1 as purchases,
    cast(spending.past_revenue as double) as past_revenue,
    cast(spending.recent_revenue as double) as recent_revenue,
    spending.recent_purchases,
    cast(spending.later_revenue as double) as later_revenue,
    spending.later_purchases
from {{ ref('int_insight__buying_histories') }} as histories
inner join spending
    on histories.step = spending.step and histories.one_id = spending.one_id
