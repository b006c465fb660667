-- Grain: one row per favourite event of a buyer and product, as known at the end of as_of
with

versions as (
    {{ known_then(
        source('catalog', 'favourites'),
        'buyer_key_type, buyer_key, product_id, occurred_at',
        'occurred_at',
        'occurred_at'
    ) }}
)

select
    buyer_key_type,
    buyer_key_status,
    buyer_key_token,
    {{ buyer_record_key("'unknown'") }} as buyer_record_key,
    product_id,
    {{ known_code('action', ['add', 'remove']) }} as action,
    occurred_at
from versions
