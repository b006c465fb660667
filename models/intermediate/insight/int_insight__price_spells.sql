-- Grain: one row per product and stretch of days with one list price; a day has its last price
with

changes as (
    select
        product_id,
        price,
        {{ business_date('valid_from') }} as from_date,
        row_number() over (
            partition by product_id, {{ business_date('valid_from') }}
            order by valid_from desc nulls last
        ) as change_rank
    from {{ ref('stg_catalog__price_changes') }}
)

select
    product_id,
    price,
    from_date,
    coalesce(
        lead(from_date) over (partition by product_id order by from_date nulls last),
        cast('9999-12-31' as date)
    ) as to_date,
    lag(price) over (partition by product_id order by from_date nulls last) as previous_price
from changes
where change_rank = 1
