-- Grain: one row per coupon offered to a person, in the order of offers
with

coupons as (
    select
        record_persons.one_id,
        coupons.coupon_code,
        coupons.template_id,
        coupons.issued_at,
        {{ business_date('coupons.issued_at') }} as issued_date,
        {{ business_date('coupons.claimed_at') }} as claimed_date,
        {{ business_date('coupons.redeemed_at') }} as redeemed_date,
        {{ business_date('coupons.expires_at') }} as expires_date
    from {{ ref('stg_coupons__coupons') }} as coupons
    inner join {{ ref('int_identity__record_persons') }} as record_persons
        on 'crm.members:' || coupons.member_no = record_persons.source_record_key
)

select
    one_id,
    coupon_code,
    template_id,
    issued_date,
    claimed_date,
    redeemed_date,
    expires_date,
    min(claimed_date) over (partition by one_id) as first_claimed_date,
    lead(issued_date) over (
        partition by one_id order by issued_at nulls last, coupon_code nulls last
    ) as next_issued_date,
    row_number() over (
        partition by one_id order by issued_at nulls last, coupon_code nulls last
    ) as offer_number
from coupons
