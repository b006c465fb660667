-- Grain: one row per table of coupons, day of its records, column and check
with

quality_window as (
    select first_date, last_date from {{ ref('int_ops__quality_window') }}
),

coupons as (
    select
        {{ business_date('delivered.issued_at') }} as check_date,
        delivered.template_id,
        delivered.member_no,
        delivered.campaign_id,
        delivered.issued_at,
        delivered.claimed_at,
        delivered.redeemed_at,
        delivered.redeemed_order_id,
        known_templates.template_id is not null as is_template_id_known,
        known_members.member_no is not null as is_member_no_known,
        known_campaigns.campaign_id is not null as is_campaign_id_known,
        known_orders.order_id is not null as is_redeemed_order_id_known
    from {{ ref('stg_coupons__coupons') }} as delivered
    inner join quality_window
        on
            {{ business_date('delivered.issued_at') }}
            between quality_window.first_date and quality_window.last_date
    left join {{ ref('stg_coupons__templates') }} as known_templates
        on delivered.template_id = known_templates.template_id
    left join {{ ref('stg_crm__members') }} as known_members
        on delivered.member_no = known_members.member_no
    left join {{ ref('stg_campaigns__campaigns') }} as known_campaigns
        on delivered.campaign_id = known_campaigns.campaign_id
    left join {{ ref('stg_commerce__orders') }} as known_orders
        on delivered.redeemed_order_id = known_orders.order_id
),

templates as (
    {{ checked_records(
        'stg_coupons__templates',
        none,
        ['kind', 'face_value', 'valid_days', 'valid_hours']
    ) }}
)

{{ field_checks('coupons', 'coupons',
    checks_of('consistency', ['template_id', 'member_no', 'campaign_id', 'redeemed_order_id'])
    + [
        [
            'redeemed_order_id', 'completeness',
            'redeemed_at is not null', 'redeemed_order_id is not null'
        ],
        ['claimed_at', 'consistency', 'claimed_at is not null', 'claimed_at >= issued_at'],
    ]
) }}
union all
{{ field_checks('coupons', 'templates',
    [
        ['kind', 'validity', 'true', "kind <> 'other'"],
        ['face_value', 'validity', 'true', 'face_value > 0'],
        [
            'valid_days', 'completeness',
            'valid_hours is null', 'valid_days is not null'
        ],
    ]
) }}
