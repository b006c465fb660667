-- Grain: one row per store
{{ config(materialized='view') }}
select
    store_id,
    store_name,
    city,
    latitude,
    longitude,
    opened_at
from {{ ref('stg_catalog__stores') }}
