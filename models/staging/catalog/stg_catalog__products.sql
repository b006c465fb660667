-- Grain: one row per product, as known at the end of as_of
with

versions as (
    {{ known_then(
        source('catalog', 'products'),
        'product_id',
        'updated_at',
        'cast(null as timestamp)',
        undated_versions=true
    ) }}
)

select
    product_id,
    product_name,
    category_id,
    brand,
    pack_size,
    pack_unit,
    list_price,
    unit_cost,
    launched_at,
    is_active,
    updated_at
from versions
