-- Grain: one row per product, store and observation, as known at the end of as_of
with

versions as (
    {{ known_then(
        source('catalog', 'stock_levels'),
        'product_id, store_id, observed_at',
        'observed_at',
        'observed_at'
    ) }}
)

select
    product_id,
    store_id,
    quantity,
    observed_at
from versions
