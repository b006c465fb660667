-- Grain: one row per business date from the first order or event through as_of
with

activity as (
    select min(order_date) as first_date from {{ ref('fct_orders') }}
    union all
    select min(event_date) as first_date from {{ ref('fct_events') }}
),

bounds as (
    select min(activity.first_date) as first_date, max(as_of.as_of_date) as last_date
    from activity
    cross join {{ ref('stg_rekindle__as_of') }} as as_of
),

dates as (
    select {{ date_series('first_date', 'last_date') }} as calendar_date
    from bounds
    where first_date is not null
),

weeks_and_months as (
    select
        calendar_date,
        cast(date_trunc('week', calendar_date) as date) as week_start_date,
        {{ start_of_month('calendar_date') }} as month_start_date,
        {{ add_days(add_months(start_of_month('calendar_date'), 1), -1) }} as month_end_date
    from dates
)

select
    calendar_date,
    cast(extract(year from calendar_date) as integer) as calendar_year,
    cast(extract(quarter from calendar_date) as integer) as calendar_quarter,
    cast(extract(month from calendar_date) as integer) as calendar_month,
    month_start_date,
    week_start_date,
    cast({{ days_between('week_start_date', 'calendar_date') }} + 1 as integer) as iso_weekday,
    calendar_date = month_end_date as is_month_end
from weeks_and_months
