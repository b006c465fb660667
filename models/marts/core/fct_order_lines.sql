-- Grain: one row per order line
with

lines as (
    select
        order_id,
        line_no,
        product_id,
        quantity,
        unit_price,
        promotion_discount,
        coupon_discount,
        tier_discount,
        points_discount,
        net_amount
    from {{ ref('int_core__order_lines') }}
),

orders as (
    select order_id, one_id, order_date, is_valid, order_sequence
    from {{ ref('fct_orders') }}
),

products as (
    select product_id, category_id, unit_cost from {{ ref('dim_product') }}
)

select
    lines.order_id,
    lines.line_no,
    orders.one_id,
    orders.order_date,
    coalesce(orders.is_valid, false) as is_valid,
    orders.order_sequence,
    lines.product_id,
    products.category_id,
    lines.quantity,
    lines.unit_price,
    lines.promotion_discount,
    lines.coupon_discount,
    lines.tier_discount,
    lines.points_discount,
    lines.net_amount,
    {{ as_money('(lines.net_amount - products.unit_cost * lines.quantity)') }} as profit
from lines
left join orders on lines.order_id = orders.order_id
left join products on lines.product_id = products.product_id
