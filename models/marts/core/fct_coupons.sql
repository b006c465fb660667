-- Grain: one row per coupon
with

coupons as (
    select
        coupon_code,
        source_record_key,
        template_id,
        template_name,
        benefit_kind,
        face_value,
        min_spend,
        campaign_id,
        issued_at,
        issued_date,
        claimed_at,
        claimed_date,
        redeemed_at,
        redeemed_date,
        redeemed_order_id,
        expires_date
    from {{ ref('int_core__coupons') }}
),

record_persons as (
    select source_record_key, one_id from {{ ref('int_identity__record_persons') }}
),

as_of as (
    select as_of_date from {{ ref('stg_rekindle__as_of') }}
)

select
    coupons.coupon_code,
    record_persons.one_id,
    coupons.template_id,
    coupons.template_name,
    coupons.benefit_kind,
    coupons.face_value,
    coupons.min_spend,
    coupons.campaign_id,
    case
        when coupons.redeemed_date <= as_of.as_of_date then 'redeemed'
        when coupons.expires_date < as_of.as_of_date then 'expired'
        when coupons.claimed_date <= as_of.as_of_date then 'claimed'
        else 'issued'
    end as coupon_status,
    coupons.issued_at,
    coupons.issued_date,
    coupons.claimed_at,
    coupons.claimed_date,
    coupons.redeemed_at,
    coupons.redeemed_date,
    coupons.redeemed_order_id,
    coupons.expires_date
from coupons
left join record_persons on coupons.source_record_key = record_persons.source_record_key
cross join as_of
