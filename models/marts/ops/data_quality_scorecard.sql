-- Grain: one row per day of records, source table, column and dimension of quality
-- A day's score beside the mean of the days before it in the trend; a minimum for the column comes
-- before the one for its dimension.
with

row_checks as (
    select check_date, system, table_name, column_name, dimension, passed_rows, total_rows
    from {{ ref('int_ops__all_checks') }}
),

arrivals as (
    select check_date, system, table_name, passed_rows from {{ ref('int_ops__arrivals') }}
),

quality_window as (
    select as_of_date, trend_days, minimum_rows from {{ ref('int_ops__quality_window') }}
),

minimums as (
    select dimension, system, table_name, column_name, minimum_score
    from {{ ref('int_ops__quality_minimums') }}
),

checks as (
    select check_date, system, table_name, column_name, dimension, passed_rows, total_rows
    from row_checks
    union all
    select
        check_date,
        system,
        table_name,
        '(table)' as column_name,
        'timeliness' as dimension,
        passed_rows,
        1 as total_rows
    from arrivals
),

scores as (
    select
        *,
        cast(passed_rows as double) / nullif(total_rows, 0) as score
    from checks
),

before_that as (
    select
        scores.check_date,
        scores.system,
        scores.table_name,
        scores.column_name,
        scores.dimension,
        avg(cast(earlier.score as double)) as mean_score_before
    from scores
    cross join quality_window
    inner join scores as earlier
        on
            scores.system = earlier.system
            and scores.table_name = earlier.table_name
            and scores.column_name = earlier.column_name
            and scores.dimension = earlier.dimension
            and scores.check_date > earlier.check_date
            and {{ days_between('earlier.check_date', 'scores.check_date') }}
            <= quality_window.trend_days
    group by
        scores.check_date,
        scores.system,
        scores.table_name,
        scores.column_name,
        scores.dimension
),

judged as (
    select
        scores.*,
        before_that.mean_score_before,
        coalesce(own_minimums.minimum_score, minimums.minimum_score) as minimum_score
    from scores
    left join before_that
        on
            scores.check_date = before_that.check_date
            and scores.system = before_that.system
            and scores.table_name = before_that.table_name
            and scores.column_name = before_that.column_name
            and scores.dimension = before_that.dimension
    left join minimums as own_minimums
        on
            scores.dimension = own_minimums.dimension
            and scores.system = own_minimums.system
            and scores.table_name = own_minimums.table_name
            and scores.column_name = own_minimums.column_name
    left join minimums
        on scores.dimension = minimums.dimension and minimums.system = 'any'
)

select
    quality_window.as_of_date,
    judged.check_date,
    judged.system,
    judged.table_name,
    judged.column_name,
    judged.dimension,
    cast(judged.passed_rows as bigint) as passed_rows,
    cast(judged.total_rows as bigint) as total_rows,
    judged.score,
    judged.minimum_score,
    case
        when judged.dimension = 'timeliness' or judged.total_rows >= quality_window.minimum_rows
            then coalesce(judged.score < judged.minimum_score, false)
        else false
    end as is_below_minimum,
    judged.mean_score_before,
    judged.score - judged.mean_score_before as score_change
from judged
cross join quality_window
