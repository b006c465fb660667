-- Grain: one row per cart or favourite event, with the source record its buyer key names
-- A basket names no platform, so a marketplace buyer id counts where one platform alone knows it.
with

baskets as (
    select
        'cart:' || cart_event_id as fact_key,
        buyer_key_type,
        buyer_key_token,
        buyer_record_key,
        occurred_at
    from {{ ref('stg_commerce__carts') }}
    union all
    select
        'favourite:' || product_id || ':' || cast(occurred_at as string) as fact_key,
        buyer_key_type,
        buyer_key_token,
        buyer_record_key,
        occurred_at
    from {{ ref('stg_catalog__favourites') }}
),

buyers_on_one_platform as (
    select
        'marketplace.buyers:unknown:' || buyer_id as basket_record_key,
        'marketplace.buyers:' || min(platform) || ':' || buyer_id as source_record_key
    from {{ ref('stg_marketplace__buyers') }}
    group by buyer_id
    having count(*) = 1
)

select
    baskets.fact_key,
    baskets.buyer_key_type,
    baskets.buyer_key_token,
    baskets.occurred_at,
    coalesce(buyers_on_one_platform.source_record_key, baskets.buyer_record_key)
        as buyer_record_key
from baskets
left join buyers_on_one_platform
    on baskets.buyer_record_key = buyers_on_one_platform.basket_record_key
