-- Grain: one row per phone or card number by which favourites known at as_of name a buyer
with

keys as (
    select
        favourites.buyer_key_type,
        favourites.buyer_key,
        favourites.buyer_key_token,
        favourites.buyer_key_status,
        favourites.occurred_at
    from {{ source('catalog', 'favourites') }} as favourites
    inner join {{ ref('stg_rekindle__as_of') }} as as_of
        on favourites.occurred_at < as_of.as_of_end_at
    where favourites.buyer_key_type in ('phone', 'card_no')
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
