-- Grain: one row per product and instant from which it had another list price
select
    product_id,
    changed_at,
    changed_date,
    price,
    previous_price
from {{ ref('int_core__price_changes') }}
