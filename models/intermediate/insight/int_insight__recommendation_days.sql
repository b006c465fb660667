-- Grain: one row per day on which products are recommended (as_of, and a horizon before: the trial)
with

policies as (
    select
        recommendation_policy.*,
        as_of.as_of_date,
        row_number() over (
            order by recommendation_policy.valid_from desc nulls last
        ) as policy_rank
    from {{ ref('recommendation_policy') }} as recommendation_policy
    inner join {{ ref('stg_rekindle__as_of') }} as as_of
        on recommendation_policy.valid_from <= as_of.as_of_date
),

steps as (
    select policies.*, {{ number_series(0, 1) }} as step
    from policies
    where policies.policy_rank = 1
)

select
    cast(step as integer) as step,
    as_of_date,
    {{ add_days('as_of_date', '-horizon_days * step') }} as evaluated_date,
    {{ add_days('as_of_date', 'horizon_days - horizon_days * step') }} as outcome_date,
    {{ add_days('as_of_date', '-history_days - horizon_days * step') }} as history_after_date,
    {{ add_days('as_of_date', '-horizon_days - horizon_days * step') }} as recent_after_date,
    horizon_days,
    half_life_days,
    paired_products,
    learnt_pairs,
    min_support,
    shrinkage,
    pairs_per_product,
    anchor_products,
    popular_products,
    categories,
    benefits,
    like_members,
    trial_people
from steps
