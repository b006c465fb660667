-- Grain: one row, the churn policy in force at as_of
with

policies as (
    select
        churn_policy.*,
        as_of.as_of_date,
        row_number() over (order by churn_policy.valid_from desc nulls last) as policy_rank
    from {{ ref('churn_policy') }} as churn_policy
    inner join {{ ref('stg_rekindle__as_of') }} as as_of
        on churn_policy.valid_from <= as_of.as_of_date
)

select
    as_of_date,
    service_days_before,
    service_days_after,
    bad_csat,
    full_price_rise,
    price_days_before,
    price_days_after,
    life_stage_days,
    promotion_min_share,
    promotion_min_orders,
    cooling_days_before
from policies
where policy_rank = 1
