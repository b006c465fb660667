-- Grain: one row per source table, day, column and check of its rows, those that were refused too
-- A refused row is counted and does not pass. A column that is judged by nothing but refusals has
-- all other rows of its table beside them, on every day of the table.
with

record_checks as (
    select check_date, system, table_name, column_name, dimension, passed_rows, total_rows
    from {{ ref('int_ops__record_checks') }}
),

refused_rows as (
    select check_date, system, table_name, column_name, dimension, refused_rows
    from {{ ref('int_ops__refused_rows') }}
    where dimension <> 'timeliness'
),

checked_fields as (
    select system, table_name, column_name, dimension
    from record_checks
    group by system, table_name, column_name, dimension
),

fields_of_refusals as (
    select
        refused_rows.system,
        refused_rows.table_name,
        refused_rows.column_name,
        refused_rows.dimension
    from refused_rows
    left join checked_fields
        on
            refused_rows.system = checked_fields.system
            and refused_rows.table_name = checked_fields.table_name
            and refused_rows.column_name = checked_fields.column_name
            and refused_rows.dimension = checked_fields.dimension
    where checked_fields.system is null
    group by
        refused_rows.system,
        refused_rows.table_name,
        refused_rows.column_name,
        refused_rows.dimension
),

counted as (
    select check_date, system, table_name, column_name, dimension, passed_rows, total_rows
    from record_checks
    union all
    select
        record_checks.check_date,
        record_checks.system,
        record_checks.table_name,
        fields_of_refusals.column_name,
        fields_of_refusals.dimension,
        record_checks.passed_rows,
        record_checks.total_rows
    from record_checks
    inner join fields_of_refusals
        on
            record_checks.system = fields_of_refusals.system
            and record_checks.table_name = fields_of_refusals.table_name
    where record_checks.column_name = '(table)'
    union all
    select
        check_date,
        system,
        table_name,
        column_name,
        dimension,
        0 as passed_rows,
        refused_rows as total_rows
    from refused_rows
)

select
    check_date,
    system,
    table_name,
    column_name,
    dimension,
    sum(passed_rows) as passed_rows,
    sum(total_rows) as total_rows
from counted
group by check_date, system, table_name, column_name, dimension
