-- Grain: one row per complete month end from the first birth or valid order through as_of
with

first_days as (
    select min(order_date) as first_date from {{ ref('int_insight__valid_orders') }}
    union all
    select min(born_date) as first_date from {{ ref('dim_member') }}
    where not is_test and not is_staff
),

bounds as (
    select
        {{ start_of_month('min(first_days.first_date)') }} as first_month,
        {{ start_of_month('max(as_of.as_of_date)') }} as last_month,
        max(as_of.as_of_date) as as_of_date
    from first_days
    cross join {{ ref('stg_rekindle__as_of') }} as as_of
),

months as (
    select
        as_of_date,
        {{ date_series('first_month', 'last_month', 'month') }} as month_start_date
    from bounds
    where first_month is not null
)

select
    month_start_date,
    {{ add_days(add_months('month_start_date', 1), -1) }} as month_end_date
from months
where {{ add_days(add_months('month_start_date', 1), -1) }} <= as_of_date
