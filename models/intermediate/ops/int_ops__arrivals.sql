-- Grain: one row per source table that comes regularly and day of the window from its first on
-- A table is timely on a day when its newest record of then is not older than the policy allows,
-- and no file of it was refused as a whole.
with

record_checks as (
    select check_date, system, table_name from {{ ref('int_ops__record_checks') }}
),

refused_files as (
    select check_date, system, table_name
    from {{ ref('int_ops__refused_rows') }}
    where dimension = 'timeliness'
),

quality_window as (
    select first_date, last_date, max_age_days from {{ ref('int_ops__quality_window') }}
),

quality_ages as (
    select system, table_name, max_age_days
    from ({{ policy_in_force('quality_ages', ['system', 'table_name']) }}) as dated_ages
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
    select
        seen.system,
        seen.table_name,
        min(seen.check_date) as first_date
    from (
        select system, table_name, check_date from days_with_records
        union all
        select system, table_name, check_date from refused_files
    ) as seen
    group by seen.system, seen.table_name
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
        when refused_files.system is not null then 0
        when
            {{ days_between('newest_records.newest_date', 'newest_records.check_date') }}
            <= coalesce(quality_ages.max_age_days, quality_window.max_age_days)
            then 1
        else 0
    end as passed_rows
from newest_records
cross join quality_window
left join quality_ages
    on
        newest_records.system = quality_ages.system
        and newest_records.table_name = quality_ages.table_name
left join refused_files
    on
        newest_records.system = refused_files.system
        and newest_records.table_name = refused_files.table_name
        and newest_records.check_date = refused_files.check_date
where
    quality_ages.system is null
    or quality_ages.max_age_days is not null
    or refused_files.system is not null
