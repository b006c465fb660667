-- Grain: one row per store
with

stores as (
    select store_id, store_name, city, latitude, longitude, opened_at
    from {{ ref('int_core__stores') }}
)

select
    store_id,
    store_name,
    city,
    latitude,
    longitude,
    opened_at
from stores
