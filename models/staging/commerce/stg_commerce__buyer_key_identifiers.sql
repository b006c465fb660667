-- Grain: one row per phone or card number by which orders or carts known at as_of name a buyer
with

keys as (
    select
        orders.buyer_key_type,
        orders.buyer_key,
        orders.buyer_key_token,
        orders.buyer_key_status,
        orders.ordered_at as occurred_at
    from {{ source('commerce', 'orders') }} as orders
    inner join {{ ref('stg_rekindle__as_of') }} as as_of on orders.ordered_at < as_of.as_of_end_at
    where orders.buyer_key_type in ('phone', 'card_no')
    union all
    select
        carts.buyer_key_type,
        carts.buyer_key,
        carts.buyer_key_token,
        carts.buyer_key_status,
        carts.occurred_at
    from {{ source('commerce', 'carts') }} as carts
    inner join {{ ref('stg_rekindle__as_of') }} as as_of on carts.occurred_at < as_of.as_of_end_at
    where carts.buyer_key_type in ('phone', 'card_no')
)

select
    {{ buyer_record_key("'unknown'") }} as source_record_key,
    buyer_key_type as identifier_type,
    buyer_key as identifier_value,
    buyer_key_token as identifier_token,
    min(occurred_at) as held_from,
    cast(null as timestamp) as held_until,
    max(occurred_at) as confirmed_at
from keys
where buyer_key_token is not null and buyer_key_status = 'usable'
group by buyer_key_type, buyer_key, buyer_key_token, buyer_key_status
