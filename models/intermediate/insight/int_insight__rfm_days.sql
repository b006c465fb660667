-- Grain: one row per day on which RFM is evaluated (month ends and as_of), with that day's policy
with

days as (
    select month_end_date as evaluated_date from {{ ref('int_insight__month_ends') }}
    union
    select as_of_date as evaluated_date from {{ ref('stg_rekindle__as_of') }}
),

windows as (
    select
        days.evaluated_date,
        rfm_policy.window_days,
        row_number() over (
            partition by days.evaluated_date order by rfm_policy.valid_from desc nulls last
        ) as policy_rank
    from days
    inner join {{ ref('rfm_policy') }} as rfm_policy on days.evaluated_date >= rfm_policy.valid_from
)

select
    evaluated_date,
    {{ add_days('evaluated_date', '-window_days') }} as window_opens_after_date
from windows
where policy_rank = 1
