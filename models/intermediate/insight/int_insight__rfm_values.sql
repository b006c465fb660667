-- Grain: one row per evaluated day and person with a valid order in the window ending on it
select
    rfm_days.evaluated_date,
    valid_orders.one_id,
    {{ days_between('max(valid_orders.order_date)', 'rfm_days.evaluated_date') }} as recency_days,
    count(*) as frequency,
    {{ as_money('sum(valid_orders.net_revenue)') }} as monetary
from {{ ref('int_insight__valid_orders') }} as valid_orders
inner join {{ ref('int_insight__rfm_days') }} as rfm_days
    on
        valid_orders.order_date > rfm_days.window_opens_after_date
        and valid_orders.order_date <= rfm_days.evaluated_date
group by rfm_days.evaluated_date, valid_orders.one_id
