-- Grain: one row per calendar month of the KPI calendar
select
    month_start_date as period_start_date,
    {{ add_days(add_months('month_start_date', 1), -1) }} as period_end_date,
    max(as_of_date) as as_of_date
from {{ ref('int_kpi__days') }}
group by month_start_date
