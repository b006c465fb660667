-- Grain: one row per table of catalog, day of its records, column and check
with

quality_window as (
    select first_date, last_date from {{ ref('int_ops__quality_window') }}
),

stock_levels as (
    select
        {{ business_date('delivered.observed_at') }} as check_date,
        delivered.product_id,
        delivered.store_id,
        known_products.product_id is not null as is_product_id_known,
        known_stores.store_id is not null as is_store_id_known
    from {{ ref('stg_catalog__stock_levels') }} as delivered
    inner join quality_window
        on
            {{ business_date('delivered.observed_at') }}
            between quality_window.first_date and quality_window.last_date
    left join {{ ref('stg_catalog__products') }} as known_products
        on delivered.product_id = known_products.product_id
    left join {{ ref('stg_catalog__stores') }} as known_stores
        on delivered.store_id = known_stores.store_id
),

price_changes as (
    select
        {{ business_date('delivered.valid_from') }} as check_date,
        delivered.product_id,
        delivered.price,
        known_products.product_id is not null as is_product_id_known
    from {{ ref('stg_catalog__price_changes') }} as delivered
    inner join quality_window
        on
            {{ business_date('delivered.valid_from') }}
            between quality_window.first_date and quality_window.last_date
    left join {{ ref('stg_catalog__products') }} as known_products
        on delivered.product_id = known_products.product_id
),

favourites as (
    select
        {{ business_date('delivered.occurred_at') }} as check_date,
        delivered.product_id,
        known_products.product_id is not null as is_product_id_known
    from {{ ref('stg_catalog__favourites') }} as delivered
    inner join quality_window
        on
            {{ business_date('delivered.occurred_at') }}
            between quality_window.first_date and quality_window.last_date
    left join {{ ref('stg_catalog__products') }} as known_products
        on delivered.product_id = known_products.product_id
)

{{ field_checks('catalog', 'stock_levels',
    checks_of('consistency', ['product_id', 'store_id'])
) }}
union all
{{ field_checks('catalog', 'price_changes',
    checks_of('consistency', ['product_id'])
    + [
        ['price', 'validity', 'true', 'price > 0'],
    ]
) }}
union all
{{ field_checks('catalog', 'favourites',
    checks_of('consistency', ['product_id'])
) }}
