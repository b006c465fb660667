-- Grain: one row per product
with

products as (
    select
        product_id,
        product_name,
        category_id,
        category_name,
        parent_category_id,
        usage_cycle_days,
        brand,
        pack_size,
        pack_unit,
        list_price,
        unit_cost,
        launched_at,
        is_active
    from {{ ref('int_core__products') }}
)

select
    product_id,
    product_name,
    category_id,
    category_name,
    parent_category_id,
    usage_cycle_days,
    brand,
    pack_size,
    pack_unit,
    list_price,
    unit_cost,
    launched_at,
    is_active
from products
