-- Grain: one row per source table that the brand has and day of the window from its first on
-- A table is timely on a day when its newest record of then is not older than the policy allows.
with

record_checks as (
    select check_date, system, table_name from {{ ref('int_ops__record_checks') }}
),

quality_window as (
    select first_date, last_date, max_age_days from {{ ref('int_ops__quality_window') }}
),

days as (
    select {{ date_series('first_date', 'last_date') }} as check_date
    from quality_window
),

days_with_records as (
    select system, table_name, check_date
    from record_checks
    group by system, table_name, check_date
),

tables as (
    select system, table_name, min(check_date) as first_date
    from days_with_records
    group by system, table_name
),

newest_records as (
    select
        tables.system,
        tables.table_name,
        days.check_date,
        max(days_with_records.check_date) over (
            partition by tables.system, tables.table_name
            order by days.check_date asc nulls last
            rows between unbounded preceding and current row
        ) as newest_date
    from tables
    inner join days on tables.first_date <= days.check_date
    left join days_with_records
        on
            tables.system = days_with_records.system
            and tables.table_name = days_with_records.table_name
            and days.check_date = days_with_records.check_date
)

select
    newest_records.check_date,
    newest_records.system,
    newest_records.table_name,
    case
        when
            {{ days_between('newest_records.newest_date', 'newest_records.check_date') }}
            <= quality_window.max_age_days
            then 1
        else 0
    end as passed_rows
from newest_records
cross join quality_window
