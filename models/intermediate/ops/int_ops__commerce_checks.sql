-- Grain: one row per table of commerce, day of its records, column and check
with

quality_window as (
    select first_date, last_date from {{ ref('int_ops__quality_window') }}
),

orders as (
    select
        delivered.order_date as check_date,
        delivered.order_channel,
        delivered.buyer_key_type,
        delivered.buyer_record_key,
        delivered.status,
        delivered.order_kind,
        delivered.store_id,
        delivered.paid_at,
        delivered.gross_amount,
        delivered.discount_amount,
        delivered.net_amount,
        delivered.coupon_code,
        delivered.campaign_id,
        known_stores.store_id is not null as is_store_id_known,
        known_campaigns.campaign_id is not null as is_campaign_id_known,
        known_coupons.coupon_code is not null as is_coupon_code_known
    from {{ ref('stg_commerce__orders') }} as delivered
    inner join quality_window
        on
            delivered.order_date
            between quality_window.first_date and quality_window.last_date
    left join {{ ref('stg_catalog__stores') }} as known_stores
        on delivered.store_id = known_stores.store_id
    left join {{ ref('stg_campaigns__campaigns') }} as known_campaigns
        on delivered.campaign_id = known_campaigns.campaign_id
    left join {{ ref('stg_coupons__coupons') }} as known_coupons
        on delivered.coupon_code = known_coupons.coupon_code
),

-- A line is dated by its order, one without an order by itself, and else by the day of the build.
all_order_lines as (
    select
        coalesce(
            orders.order_date,
            {{ business_date('delivered.updated_at') }},
            quality_window.last_date
        ) as check_date,
        delivered.order_id,
        delivered.product_id,
        delivered.quantity,
        orders.order_id is not null as is_order_id_known,
        known_products.product_id is not null as is_product_id_known
    from {{ ref('stg_commerce__order_lines') }} as delivered
    cross join quality_window
    left join {{ ref('stg_commerce__orders') }} as orders
        on delivered.order_id = orders.order_id
    left join {{ ref('stg_catalog__products') }} as known_products
        on delivered.product_id = known_products.product_id
),

order_lines as (
    select all_order_lines.*
    from all_order_lines
    inner join quality_window
        on all_order_lines.check_date between quality_window.first_date and quality_window.last_date
),

refunds as (
    select
        {{ business_date('delivered.refunded_at') }} as check_date,
        delivered.order_id,
        delivered.reason,
        known_orders.order_id is not null as is_order_id_known
    from {{ ref('stg_commerce__refunds') }} as delivered
    inner join quality_window
        on
            {{ business_date('delivered.refunded_at') }}
            between quality_window.first_date and quality_window.last_date
    left join {{ ref('stg_commerce__orders') }} as known_orders
        on delivered.order_id = known_orders.order_id
),

carts as (
    select
        {{ business_date('delivered.occurred_at') }} as check_date,
        delivered.product_id,
        delivered.action,
        known_products.product_id is not null as is_product_id_known,
        delivered.buyer_key_status as key_status
    from {{ ref('stg_commerce__carts') }} as delivered
    inner join quality_window
        on
            {{ business_date('delivered.occurred_at') }}
            between quality_window.first_date and quality_window.last_date
    left join {{ ref('stg_catalog__products') }} as known_products
        on delivered.product_id = known_products.product_id
)

{{ field_checks('commerce', 'orders',
    checks_of('consistency', ['store_id', 'campaign_id', 'coupon_code'])
    + [
        ['buyer_key', 'completeness', 'true', "buyer_key_type <> 'none'"],
        ['buyer_key', 'validity', "buyer_key_type <> 'none'", 'buyer_record_key is not null'],
        ['store_id', 'completeness', "order_channel = 'pos'", 'store_id is not null'],
        [
            'paid_at', 'completeness',
            "status not in ('created', 'cancelled')", 'paid_at is not null'
        ],
        ['order_channel', 'validity', 'true', "order_channel <> 'other'"],
        ['net_amount', 'consistency', 'true', 'net_amount <= gross_amount'],
    ]
) }}
union all
{{ field_checks('commerce', 'order_lines',
    checks_of('consistency', ['order_id', 'product_id'])
    + [
        ['quantity', 'validity', 'true', 'quantity > 0'],
    ]
) }}
union all
{{ field_checks('commerce', 'refunds',
    checks_of('completeness', ['reason'])
    + checks_of('consistency', ['order_id'])
) }}
union all
{{ field_checks('commerce', 'carts',
    checks_of('consistency', ['product_id'])
    + [
        ['buyer_key', 'validity', 'true', "key_status = 'usable'"],
    ]
) }}
