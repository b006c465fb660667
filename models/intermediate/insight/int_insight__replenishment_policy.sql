-- Grain: one row, the policy of replenishment in force at as_of
with

policies as (
    select
        as_of.as_of_date,
        replenishment_policy.bulk_multiple,
        replenishment_policy.prior_gaps,
        replenishment_policy.cycle_gaps,
        replenishment_policy.size_prior,
        replenishment_policy.spread_gaps,
        replenishment_policy.outlier_deviations,
        replenishment_policy.interval_deviations,
        replenishment_policy.interval_share,
        replenishment_policy.hit_days,
        row_number() over (order by replenishment_policy.valid_from desc nulls last) as policy_rank
    from {{ ref('replenishment_policy') }} as replenishment_policy
    inner join {{ ref('stg_rekindle__as_of') }} as as_of
        on replenishment_policy.valid_from <= as_of.as_of_date
)

select
    as_of_date,
    bulk_multiple,
    prior_gaps,
    cycle_gaps,
    size_prior,
    spread_gaps,
    outlier_deviations,
    interval_deviations,
    interval_share,
    hit_days
from policies
where policy_rank = 1
