-- Grain: one row per person with a valid order
with

expectations as (
    select
        one_id,
        version_code,
        value_version_code,
        purchases,
        past_revenue,
        p_alive,
        expected_value,
        expected_purchases,
        discounted_revenue
    from {{ ref('int_insight__value_expectations') }}
    where step = 0
),

as_of as (
    select as_of_date from {{ ref('stg_rekindle__as_of') }}
)

select
    as_of.as_of_date,
    expectations.one_id,
    cast(expectations.purchases as bigint) as purchases,
    {{ as_money('expectations.past_revenue') }} as past_revenue,
    expectations.p_alive,
    expectations.expected_purchases as expected_orders_365d,
    expectations.expected_value as expected_order_value,
    {{ as_money('expectations.discounted_revenue') }} as ltv_365d,
    percent_rank() over (order by expectations.discounted_revenue nulls last) as value_percentile,
    expectations.version_code as model_version,
    expectations.value_version_code as value_version
from expectations
cross join as_of
