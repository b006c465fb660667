-- Grain: one row per day on which profiles are judged (as_of, month ends before), with its policy
-- History is kept for as many complete month ends as the policy in force at as_of says.
with

as_of as (
    select as_of_date from {{ ref('stg_rekindle__as_of') }}
),

spans as (
    select as_of.as_of_date, in_force.history_months
    from ({{ policy_in_force('profile_policy') }}) as in_force
    cross join as_of
),

days as (
    select as_of_date as evaluated_date from as_of
    union
    select month_ends.month_end_date as evaluated_date
    from {{ ref('int_insight__month_ends') }} as month_ends
    inner join spans
        on
            month_ends.month_start_date
            >= {{ add_months(start_of_month('spans.as_of_date'), '-spans.history_months') }}
),

policies as (
    select
        days.evaluated_date,
        profile_policy.*,
        row_number() over (
            partition by days.evaluated_date order by profile_policy.valid_from desc nulls last
        ) as policy_rank
    from days
    inner join {{ ref('profile_policy') }} as profile_policy
        on days.evaluated_date >= profile_policy.valid_from
)

select
    policies.evaluated_date,
    policies.evaluated_date = as_of.as_of_date as is_as_of,
    lag(policies.evaluated_date) over (order by policies.evaluated_date nulls last)
        as previous_date,
    {{ add_days('policies.evaluated_date', '-policies.window_days') }} as window_opens_after_date,
    policies.half_life_days,
    policies.view_weight,
    policies.cart_weight,
    policies.purchase_weight,
    policies.full_discount_share,
    policies.price_fall_days
from policies
cross join as_of
where policies.policy_rank = 1
