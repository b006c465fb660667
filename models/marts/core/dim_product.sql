-- Grain: one row per product
with

products as (
    select
        product_id, product_name, category_id, brand, pack_size, pack_unit, list_price, unit_cost,
        launched_at, is_active
    from {{ ref('stg_catalog__products') }}
),

categories as (
    select category_id, category_name, parent_category_id, usage_cycle_days
    from {{ ref('stg_catalog__categories') }}
)

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
from products
left join categories on products.category_id = categories.category_id
