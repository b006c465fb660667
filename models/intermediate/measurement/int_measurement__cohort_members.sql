-- Grain: one row per person with a valid order
select
    orders.one_id,
    {{ start_of_month('orders.order_date') }} as cohort_month,
    orders.order_channel as first_order_channel,
    coalesce(members.register_channel, 'unknown') as register_channel
from {{ ref('fct_orders') }} as orders
inner join {{ ref('dim_member') }} as members on orders.one_id = members.one_id
where orders.is_first_order
