-- Grain: one row per order that was refunded by the end of as_of
select
    order_id,
    sum(refund_amount) as refunded_amount
from {{ ref('stg_commerce__refunds') }}
group by order_id
