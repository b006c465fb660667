-- Grain: one row per policy, person, reason, coupon and stretch of days
with

policies as (
    select valid_from, apathy_offers, unused_within_days
    from {{ ref('int_insight__warning_policies') }}
),

coupons as (
    select
        one_id,
        coupon_code,
        issued_date,
        claimed_date,
        redeemed_date,
        expires_date,
        first_claimed_date,
        next_issued_date,
        offer_number
    from {{ ref('int_insight__member_coupons') }}
),

-- A late claim of one of the last offers ends the apathy on its day.
apathies as (
    select
        policies.valid_from as policy_valid_from,
        coupons.one_id,
        coupons.coupon_code,
        coupons.issued_date,
        policies.apathy_offers,
        greatest(coupons.issued_date, coupons.first_claimed_date) as from_date,
        least(
            coalesce(coupons.next_issued_date, cast('9999-12-31' as date)),
            coalesce(min(offers.claimed_date), cast('9999-12-31' as date))
        ) as to_date
    from coupons
    cross join policies
    inner join coupons as offers
        on
            coupons.one_id = offers.one_id
            and coupons.offer_number >= offers.offer_number
            and coupons.offer_number < offers.offer_number + policies.apathy_offers
    where
        coupons.first_claimed_date is not null
        and coupons.offer_number >= policies.apathy_offers
    group by
        policies.valid_from,
        coupons.one_id,
        coupons.coupon_code,
        coupons.issued_date,
        coupons.first_claimed_date,
        coupons.next_issued_date,
        policies.apathy_offers
),

unused as (
    select
        policies.valid_from as policy_valid_from,
        coupons.one_id,
        coupons.coupon_code,
        coupons.expires_date,
        policies.unused_within_days,
        greatest(
            coupons.claimed_date,
            {{ add_days('coupons.expires_date', '-policies.unused_within_days') }}
        ) as from_date,
        least(
            coalesce(coupons.redeemed_date, cast('9999-12-31' as date)),
            {{ add_days('coupons.expires_date', 1) }}
        ) as to_date
    from coupons
    cross join policies
    where coupons.claimed_date is not null
)

select
    policy_valid_from,
    one_id,
    'coupon_apathy' as reason_code,
    from_date,
    to_date,
    issued_date as evidence_date,
    cast(apathy_offers as bigint) as evidence_count,
    cast(apathy_offers as double) as evidence_limit,
    coupon_code as evidence_text
from apathies
where from_date < to_date
union all
select
    policy_valid_from,
    one_id,
    'coupon_unused' as reason_code,
    from_date,
    to_date,
    expires_date as evidence_date,
    cast(null as bigint) as evidence_count,
    cast(unused_within_days as double) as evidence_limit,
    coupon_code as evidence_text
from unused
where from_date < to_date
