-- Grain: one row per table of app, day of its records, column and check
with

quality_window as (
    select first_date, last_date from {{ ref('int_ops__quality_window') }}
),

all_users as (
    select
        {{ business_date('delivered.created_at') }} as check_date,
        delivered.phone,
        delivered.phone_status,
        delivered.email,
        delivered.email_status,
        delivered.device_id,
        case
            when delivered.phone_status = 'usable'
                then {{ holders_of('delivered.phone_token', 'delivered.app_user_id') }}
        end as phone_holders,
        case
            when delivered.email_status = 'usable'
                then {{ holders_of('delivered.email_token', 'delivered.app_user_id') }}
        end as email_holders
    from {{ ref('stg_app__users') }} as delivered
),

users as (
    select all_users.*
    from all_users
    inner join quality_window
        on all_users.check_date between quality_window.first_date and quality_window.last_date
),

events as (
    select
        delivered.event_date as check_date,
        delivered.app_user_id,
        delivered.device_id,
        delivered.session_id,
        delivered.event_type,
        delivered.product_id,
        known_app_users.app_user_id is not null as is_app_user_id_known,
        known_products.product_id is not null as is_product_id_known
    from {{ ref('stg_app__events') }} as delivered
    inner join quality_window
        on
            delivered.event_date
            between quality_window.first_date and quality_window.last_date
    left join {{ ref('stg_app__users') }} as known_app_users
        on delivered.app_user_id = known_app_users.app_user_id
    left join {{ ref('stg_catalog__products') }} as known_products
        on delivered.product_id = known_products.product_id
)

{{ field_checks('app', 'users',
    checks_of('completeness', ['phone', 'email', 'device_id'])
    + checks_of('validity', ['phone', 'email'])
    + checks_of('uniqueness', ['phone', 'email'])
) }}
union all
{{ field_checks('app', 'events',
    checks_of('completeness', ['device_id', 'session_id'])
    + checks_of('consistency', ['app_user_id', 'product_id'])
    + [
        [
            'product_id', 'completeness',
            "event_type in ('add_to_cart', 'remove_from_cart')", 'product_id is not null'
        ],
    ]
) }}
