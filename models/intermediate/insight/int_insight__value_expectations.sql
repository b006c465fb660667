-- Grain: one row per evaluated day (as_of, 180 days before) and person with a valid order by then
with

histories as (
    select
        step,
        one_id,
        repeats,
        active_days,
        age_days,
        purchases,
        past_revenue,
        recent_revenue,
        recent_purchases,
        later_revenue,
        later_purchases
    from {{ ref('int_insight__spending_histories') }}
),

versions as (
    select versions.version_code, versions.r, versions.alpha, versions.a, versions.b
    from {{ ref('int_insight__model_versions') }} as versions
    inner join {{ ref('int_insight__churn_trials') }} as trials
        on versions.version_code = trials.version_code
    where trials.kind = 'bg_nbd' and trials.rank_of_kind = 1
),

best_values as (
    select versions.version_code, versions.p, versions.q, versions.v
    from {{ ref('int_insight__model_versions') }} as versions
    inner join {{ ref('int_insight__value_trials') }} as trials
        on versions.version_code = trials.version_code
    where trials.version_rank = 1
),

units as (
    select step, cast(sum(past_revenue) as double) / nullif(sum(purchases), 0) as unit
    from histories
    group by step
),

told as (
    select
        histories.*,
        versions.version_code,
        best_values.version_code as value_version_code,
        {{ purchase_value('histories.purchases', 'histories.past_revenue', 'units.unit') }}
            as expected_value,
        {{ p_alive('histories.repeats', 'histories.active_days', 'histories.age_days') }}
            as p_alive
    from histories
    inner join units on histories.step = units.step
    cross join versions
    cross join best_values
)

select
    told.step,
    told.one_id,
    told.version_code,
    told.value_version_code,
    told.purchases,
    told.past_revenue,
    told.recent_revenue,
    told.recent_purchases,
    told.later_revenue,
    told.later_purchases,
    told.p_alive,
    told.expected_value,
    told.p_alive * expected.purchases as expected_purchases,
    told.p_alive * expected.purchases * told.expected_value as expected_revenue,
    told.p_alive * expected.discounted_purchases * told.expected_value as discounted_revenue
from told
inner join {{ ref('int_insight__expected_purchases') }} as expected
    on
        told.step = expected.step
        and told.repeats = expected.repeats
        and told.age_days = expected.age_days
