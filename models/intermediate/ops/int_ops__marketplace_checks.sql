-- Grain: one row per table of marketplace, day of its records, column and check
with

quality_window as (
    select first_date, last_date from {{ ref('int_ops__quality_window') }}
),

all_buyers as (
    select
        {{ business_date('delivered.created_at') }} as check_date,
        delivered.phone,
        delivered.phone_status,
        delivered.receiver_name,
        delivered.receiver_address,
        case
            when delivered.phone_status = 'usable'
                then {{ holders_of('delivered.phone_token', 'delivered.buyer_id') }}
        end as phone_holders
    from {{ ref('stg_marketplace__buyers') }} as delivered
),

buyers as (
    select all_buyers.*
    from all_buyers
    inner join quality_window
        on all_buyers.check_date between quality_window.first_date and quality_window.last_date
)

{{ field_checks('marketplace', 'buyers',
    checks_of('completeness', ['phone', 'receiver_name', 'receiver_address'])
    + checks_of('validity', ['phone'])
    + checks_of('uniqueness', ['phone'])
) }}
