-- Grain: one row per table of mini_program, day of its records, column and check
with

quality_window as (
    select first_date, last_date from {{ ref('int_ops__quality_window') }}
),

all_users as (
    select
        {{ business_date('delivered.created_at') }} as check_date,
        delivered.unionid,
        delivered.phone,
        delivered.phone_status,
        delivered.nickname,
        case
            when delivered.phone_status = 'usable'
                then {{ holders_of('delivered.phone_token', 'delivered.openid') }}
        end as phone_holders,
        {{ holders_of('delivered.unionid_token', 'delivered.openid') }} as unionid_holders
    from {{ ref('stg_mini_program__users') }} as delivered
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
        delivered.openid,
        delivered.device_id,
        delivered.session_id,
        delivered.event_type,
        delivered.product_id,
        known_mini_program_users.openid is not null as is_openid_known,
        known_products.product_id is not null as is_product_id_known
    from {{ ref('stg_mini_program__events') }} as delivered
    inner join quality_window
        on
            delivered.event_date
            between quality_window.first_date and quality_window.last_date
    left join {{ ref('stg_mini_program__users') }} as known_mini_program_users
        on delivered.openid = known_mini_program_users.openid
    left join {{ ref('stg_catalog__products') }} as known_products
        on delivered.product_id = known_products.product_id
)

{{ field_checks('mini_program', 'users',
    checks_of('completeness', ['unionid', 'phone', 'nickname'])
    + checks_of('validity', ['phone'])
    + checks_of('uniqueness', ['phone', 'unionid'])
) }}
union all
{{ field_checks('mini_program', 'events',
    checks_of('completeness', ['device_id', 'session_id'])
    + checks_of('consistency', ['openid', 'product_id'])
    + [
        [
            'product_id', 'completeness',
            "event_type in ('add_to_cart', 'remove_from_cart')", 'product_id is not null'
        ],
    ]
) }}
