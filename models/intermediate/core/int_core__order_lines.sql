-- Grain: one row per order line as the order stood at the end of as_of
{{ config(materialized='view') }}
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
from {{ ref('stg_commerce__order_lines') }}
