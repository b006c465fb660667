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
    {{ known_code('buyer_key_type', [
        'member_no', 'openid', 'app_user_id', 'web_user_id', 'buyer_id', 'card_no', 'phone', 'none'
    ]) }} as buyer_key_type,
    {{ buyer_key_without_personal_data() }} as buyer_key,
    buyer_key_status,
    buyer_key_token,
    product_id,
    {{ known_code('action', ['add', 'remove']) }} as action,
    occurred_at
from versions
