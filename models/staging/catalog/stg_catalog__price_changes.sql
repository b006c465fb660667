-- Grain: one row per product and the instant its price starts, as known at the end of as_of
with

versions as (
    {{ known_then(
        source('catalog', 'price_changes'),
        'product_id, valid_from',
        'cast(null as timestamp)',
        'cast(null as timestamp)'
    ) }}
)

select
    product_id,
    price,
    valid_from
from versions
