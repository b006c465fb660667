-- Grain: one row, the days that are checked, with the policy in force; none where there is no as_of
with

policies as (
    select
        as_of.as_of_date,
        quality_policy.window_days,
        quality_policy.trend_days,
        quality_policy.max_age_days,
        quality_policy.minimum_rows,
        row_number() over (order by quality_policy.valid_from desc nulls last) as policy_rank
    from {{ ref('quality_policy') }} as quality_policy
    inner join {{ ref('stg_rekindle__as_of') }} as as_of
        on quality_policy.valid_from <= as_of.as_of_date
)

select
    as_of_date,
    {{ add_days('as_of_date', '1 - window_days') }} as first_date,
    as_of_date as last_date,
    trend_days,
    max_age_days,
    minimum_rows
from policies
where policy_rank = 1
