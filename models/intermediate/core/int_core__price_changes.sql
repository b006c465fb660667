-- Grain: one row per product and instant from which it had another list price
{{ config(materialized='view') }}
select
    product_id,
    price,
    lag(price) over (partition by product_id order by valid_from nulls last) as previous_price,
    valid_from as changed_at,
    {{ business_date('valid_from') }} as changed_date
from {{ ref('stg_catalog__price_changes') }}
