-- Grain: one row per line of a valid order that a person kept for their own use
with

lines as (
    select order_id, line_no, one_id, order_date, product_id, category_id, quantity, net_amount
    from {{ ref('fct_order_lines') }}
    where is_valid and one_id is not null and quantity > 0
),

gifts as (
    select order_id from {{ ref('stg_commerce__orders') }}
    where is_gift
),

returned_orders as (
    select order_id from {{ ref('fct_orders') }}
    where refunded_amount > 0 and refunded_amount >= net_amount
),

line_refunds as (
    select order_id, line_no, sum(refund_amount) as refunded_amount
    from {{ ref('stg_commerce__refunds') }}
    where line_no is not null
    group by order_id, line_no
)

select
    lines.one_id,
    lines.order_id,
    lines.line_no,
    lines.order_date,
    lines.product_id,
    lines.category_id,
    lines.quantity
from lines
left join gifts on lines.order_id = gifts.order_id
left join returned_orders on lines.order_id = returned_orders.order_id
left join line_refunds
    on lines.order_id = line_refunds.order_id and lines.line_no = line_refunds.line_no
where
    gifts.order_id is null
    and returned_orders.order_id is null
    and not coalesce(
        line_refunds.refunded_amount > 0 and line_refunds.refunded_amount >= lines.net_amount, false
    )
