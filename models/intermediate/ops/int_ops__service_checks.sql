-- Grain: one row per table of service, day of its records, column and check
with

quality_window as (
    select first_date, last_date from {{ ref('int_ops__quality_window') }}
),

tickets as (
    select
        {{ business_date('delivered.opened_at') }} as check_date,
        delivered.member_no,
        delivered.order_id,
        delivered.kind,
        delivered.product_id,
        delivered.closed_at,
        delivered.first_response_at,
        delivered.opened_at,
        known_members.member_no is not null as is_member_no_known,
        known_orders.order_id is not null as is_order_id_known,
        known_products.product_id is not null as is_product_id_known
    from {{ ref('stg_service__tickets') }} as delivered
    inner join quality_window
        on
            {{ business_date('delivered.opened_at') }}
            between quality_window.first_date and quality_window.last_date
    left join {{ ref('stg_crm__members') }} as known_members
        on delivered.member_no = known_members.member_no
    left join {{ ref('stg_commerce__orders') }} as known_orders
        on delivered.order_id = known_orders.order_id
    left join {{ ref('stg_catalog__products') }} as known_products
        on delivered.product_id = known_products.product_id
),

surveys as (
    select
        {{ business_date('delivered.responded_at') }} as check_date,
        delivered.member_no,
        delivered.invited_at,
        delivered.responded_at,
        known_members.member_no is not null as is_member_no_known
    from {{ ref('stg_service__surveys') }} as delivered
    inner join quality_window
        on
            {{ business_date('delivered.responded_at') }}
            between quality_window.first_date and quality_window.last_date
    left join {{ ref('stg_crm__members') }} as known_members
        on delivered.member_no = known_members.member_no
)

{{ field_checks('service', 'tickets',
    checks_of('completeness', ['member_no'])
    + checks_of('consistency', ['member_no', 'order_id', 'product_id'])
    + [
        [
            'first_response_at', 'consistency',
            'first_response_at is not null', 'first_response_at >= opened_at'
        ],
    ]
) }}
union all
{{ field_checks('service', 'surveys',
    checks_of('completeness', ['invited_at'])
    + checks_of('consistency', ['member_no'])
    + [
        ['invited_at', 'consistency', 'invited_at is not null', 'invited_at <= responded_at'],
    ]
) }}
