-- Grain: one row per coupon, with the record of whom it was issued to and what it gives
{{ config(materialized='view') }}
select
    coupons.coupon_code,
    'crm.members:' || coupons.member_no as source_record_key,
    coupons.template_id,
    templates.template_name,
    templates.kind as benefit_kind,
    templates.face_value,
    templates.min_spend,
    coupons.campaign_id,
    coupons.issued_at,
    {{ business_date('coupons.issued_at') }} as issued_date,
    coupons.claimed_at,
    {{ business_date('coupons.claimed_at') }} as claimed_date,
    coupons.redeemed_at,
    {{ business_date('coupons.redeemed_at') }} as redeemed_date,
    coupons.redeemed_order_id,
    {{ business_date('coupons.expires_at') }} as expires_date
from {{ ref('stg_coupons__coupons') }} as coupons
left join {{ ref('stg_coupons__templates') }} as templates
    on coupons.template_id = templates.template_id
