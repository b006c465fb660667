-- Grain: one row per lifecycle policy in force at some day up to as_of, with its days
with

policies as (
    select
        lifecycle_thresholds.*,
        lead(lifecycle_thresholds.valid_from) over (
            order by lifecycle_thresholds.valid_from nulls last
        ) as valid_to,
        as_of.as_of_date
    from {{ ref('lifecycle_thresholds') }} as lifecycle_thresholds
    cross join {{ ref('stg_rekindle__as_of') }} as as_of
)

select
    valid_from,
    coalesce(valid_to, cast('9999-12-31' as date)) as valid_to,
    new_days,
    reactivated_days,
    at_risk_after_days,
    dormant_after_days,
    churned_after_days,
    high_potential_window_days,
    high_potential_min_recent_orders,
    high_potential_min_prior_orders,
    high_potential_min_growth,
    adaptive_at_risk_multiple,
    adaptive_dormant_multiple,
    adaptive_churned_multiple,
    adaptive_min_gaps,
    adaptive_floor_share,
    adaptive_ceiling_share
from policies
where valid_from <= as_of_date
