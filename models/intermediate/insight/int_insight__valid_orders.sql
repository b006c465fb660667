-- Grain: one row per valid order of a person who is neither a test nor staff
{{ config(materialized='view') }}
select
    one_id,
    order_id,
    order_date,
    net_revenue
from {{ ref('fct_orders') }}
where is_valid and one_id is not null
