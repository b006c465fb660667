-- Grain: one row per table of website, day of its records, column and check
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
        case
            when delivered.phone_status = 'usable'
                then {{ holders_of('delivered.phone_token', 'delivered.web_user_id') }}
        end as phone_holders,
        case
            when delivered.email_status = 'usable'
                then {{ holders_of('delivered.email_token', 'delivered.web_user_id') }}
        end as email_holders
    from {{ ref('stg_website__users') }} as delivered
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
        delivered.web_user_id,
        delivered.session_id,
        delivered.event_type,
        delivered.product_id,
        delivered.utm_source,
        known_web_users.web_user_id is not null as is_web_user_id_known,
        known_products.product_id is not null as is_product_id_known
    from {{ ref('stg_website__events') }} as delivered
    inner join quality_window
        on
            delivered.event_date
            between quality_window.first_date and quality_window.last_date
    left join {{ ref('stg_website__users') }} as known_web_users
        on delivered.web_user_id = known_web_users.web_user_id
    left join {{ ref('stg_catalog__products') }} as known_products
        on delivered.product_id = known_products.product_id
)

{{ field_checks('website', 'users',
    checks_of('completeness', ['phone', 'email'])
    + checks_of('validity', ['phone', 'email'])
    + checks_of('uniqueness', ['phone', 'email'])
) }}
union all
{{ field_checks('website', 'events',
    checks_of('completeness', ['web_user_id', 'session_id', 'utm_source'])
    + checks_of('consistency', ['web_user_id', 'product_id'])
    + [
        [
            'product_id', 'completeness',
            "event_type in ('add_to_cart', 'remove_from_cart')", 'product_id is not null'
        ],
    ]
) }}
