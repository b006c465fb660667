-- Grain: one row per product and instant by as_of from which it had another list price
{{ config(materialized='view') }}
select
    changes.product_id,
    changes.price,
    lag(changes.price) over (
        partition by changes.product_id order by changes.valid_from nulls last
    ) as previous_price,
    changes.valid_from as changed_at,
    {{ business_date('changes.valid_from') }} as changed_date
from {{ ref('stg_catalog__price_changes') }} as changes
inner join {{ ref('stg_rekindle__as_of') }} as as_of
    on as_of.as_of_date >= {{ business_date('changes.valid_from') }}
