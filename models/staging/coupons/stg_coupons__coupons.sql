-- Grain: one row per coupon, as known at the end of as_of
with

versions as (
    {{ known_then(
        source('coupons', 'coupons'),
        'coupon_code',
        'coalesce(updated_at, issued_at)',
        'issued_at'
    ) }}
)

select
    coupon_code,
    template_id,
    member_no,
    campaign_id,
    issued_at,
    claimed_at,
    redeemed_at,
    redeemed_order_id,
    expires_at,
    updated_at
from versions
