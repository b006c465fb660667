-- Grain: one row per order, valid or not
with

orders as (
    select
        order_id,
        one_id,
        order_channel,
        store_id,
        staff_id,
        ordered_at,
        order_date,
        status,
        is_valid,
        order_kind,
        gross_amount,
        discount_amount,
        net_amount,
        refunded_amount,
        net_revenue,
        coupon_code,
        campaign_id,
        is_private_domain,
        is_discounted,
        is_coupon_used,
        is_promoted_only
    from {{ ref('int_core__orders') }}
),

order_sequences as (
    select
        order_id,
        row_number() over (
            partition by one_id order by ordered_at nulls last, order_id nulls last
        ) as order_sequence,
        lag(order_date) over (
            partition by one_id order by ordered_at nulls last, order_id nulls last
        ) as previous_order_date
    from orders
    where is_valid and one_id is not null
)

select
    orders.order_id,
    orders.one_id,
    orders.order_channel,
    orders.store_id,
    orders.staff_id,
    orders.ordered_at,
    orders.order_date,
    orders.status,
    orders.is_valid,
    orders.order_kind,
    orders.gross_amount,
    orders.discount_amount,
    orders.net_amount,
    orders.refunded_amount,
    orders.net_revenue,
    coalesce(order_sequences.order_sequence = 1, false) as is_first_order,
    cast(order_sequences.order_sequence as bigint) as order_sequence,
    {{ days_between('order_sequences.previous_order_date', 'orders.order_date') }}
        as days_since_previous_order,
    orders.coupon_code,
    orders.campaign_id,
    orders.is_discounted,
    orders.is_coupon_used,
    orders.is_promoted_only,
    orders.is_private_domain
from orders
left join order_sequences on orders.order_id = order_sequences.order_id
