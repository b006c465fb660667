-- Grain: one row per business date from the first valid order or login to the end of as_of's month
with

first_days as (
    select min(order_date) as first_date from {{ ref('fct_orders') }}
    where is_valid
    union all
    select min(active_date) as first_date from {{ ref('int_kpi__activity_days') }}
),

bounds as (
    select
        min(first_days.first_date) as first_date,
        {{ add_days(add_months(start_of_month('max(as_of.as_of_date)'), 1), -1) }} as last_date,
        max(as_of.as_of_date) as as_of_date
    from first_days
    cross join {{ ref('stg_rekindle__as_of') }} as as_of
),

days as (
    select
        as_of_date,
        {{ date_series('first_date', 'last_date') }} as period_date
    from bounds
    where first_date is not null
)

select
    period_date,
    {{ start_of_month('period_date') }} as month_start_date,
    as_of_date
from days
