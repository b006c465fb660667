-- Grain: one row per order whose lines split their discounts
select
    order_id,
    max(case when promotion_discount > 0 then 1 else 0 end) = 1 as has_promotion_discount,
    max(case when coupon_discount > 0 then 1 else 0 end) = 1 as has_coupon_discount
from {{ ref('stg_commerce__order_lines') }}
where promotion_discount is not null or coupon_discount is not null
group by order_id
