-- Grain: one row per product, with its category
{{ config(materialized='view') }}
select
    products.product_id,
    products.product_name,
    products.category_id,
    categories.category_name,
    categories.parent_category_id,
    categories.usage_cycle_days,
    products.brand,
    products.pack_size,
    products.pack_unit,
    products.list_price,
    products.unit_cost,
    products.launched_at,
    products.is_active
from {{ ref('stg_catalog__products') }} as products
left join {{ ref('stg_catalog__categories') }} as categories
    on products.category_id = categories.category_id
