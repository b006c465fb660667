-- Grain: one row, the profile policy in force at as_of with the window it opens
with

policies as (
    select
        profile_policy.*,
        as_of.as_of_date,
        row_number() over (order by profile_policy.valid_from desc nulls last) as policy_rank
    from {{ ref('profile_policy') }} as profile_policy
    inner join {{ ref('stg_rekindle__as_of') }} as as_of
        on profile_policy.valid_from <= as_of.as_of_date
)

select
    as_of_date,
    {{ add_days('as_of_date', '-window_days') }} as window_opens_after_date,
    half_life_days,
    view_weight,
    cart_weight,
    purchase_weight,
    full_discount_share,
    price_fall_days
from policies
where policy_rank = 1
