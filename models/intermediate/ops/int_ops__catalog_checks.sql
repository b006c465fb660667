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
),

products as (
    {{ checked_records(
        'stg_catalog__products',
        none,
        ['category_id', 'pack_size', 'list_price', 'unit_cost'],
        {'category_id': ['stg_catalog__categories', 'category_id']}
    ) }}
),

categories as (
    {{ checked_records(
        'stg_catalog__categories',
        none,
        ['parent_category_id', 'usage_cycle_days'],
        {'parent_category_id': ['stg_catalog__categories', 'category_id']}
    ) }}
),

stores as (
    {{ checked_records(
        'stg_catalog__stores',
        none,
        ['city', 'latitude', 'longitude', 'opened_at']
    ) }}
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
union all
{{ field_checks('catalog', 'products',
    checks_of('completeness', ['pack_size', 'unit_cost'])
    + checks_of('consistency', ['category_id'])
    + [
        ['list_price', 'validity', 'true', 'list_price > 0'],
    ]
) }}
union all
{{ field_checks('catalog', 'categories',
    checks_of('consistency', ['parent_category_id'])
    + [
        [
            'usage_cycle_days', 'completeness',
            'parent_category_id is not null', 'usage_cycle_days is not null'
        ],
    ]
) }}
union all
{{ field_checks('catalog', 'stores',
    checks_of('completeness', ['city', 'latitude', 'longitude', 'opened_at'])
) }}
