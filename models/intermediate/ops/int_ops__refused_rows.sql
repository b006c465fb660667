-- Grain: one row per day, source table, column and dimension of quality with refused rows or files
-- A row counts on its own day. A content that was read again counts as it was read last.
with

quarantine as (
    select
        load_id,
        system,
        table_name,
        file_path,
        line_number,
        reason_code,
        column_name,
        recorded_at
    from {{ ref('stg_rekindle__quarantine') }}
),

load_log as (
    select load_id, load_sequence, system, table_name, file_path, file_sha256, status, loaded_at
    from {{ ref('stg_rekindle__load_log') }}
),

quality_window as (
    select first_date, last_date from {{ ref('int_ops__quality_window') }}
),

readings as (
    select
        load_id,
        system,
        table_name,
        file_path,
        {{ business_date('loaded_at') }} as loaded_date,
        row_number() over (
            partition by system, table_name, coalesce(nullif(file_sha256, ''), file_path)
            order by load_sequence desc nulls last, file_path desc nulls last
        ) as reading_rank
    from load_log
    where status in ('loaded', 'refused')
),

-- What has no time of its own, and whole files, count on the day they came, at the latest as_of.
dated as (
    select
        quarantine.system,
        quarantine.table_name,
        quarantine.line_number,
        quarantine.reason_code,
        quarantine.column_name,
        coalesce(
            {{ business_date('quarantine.recorded_at') }},
            least(readings.loaded_date, quality_window.last_date)
        ) as check_date
    from quarantine
    inner join readings
        on
            quarantine.load_id = readings.load_id
            and quarantine.system = readings.system
            and quarantine.table_name = readings.table_name
            and quarantine.file_path = readings.file_path
            and readings.reading_rank = 1
    cross join quality_window
),

refused as (
    select
        check_date,
        system,
        table_name,
        column_name,
        case reason_code
            when 'missing_required' then 'completeness'
            when 'future' then 'consistency'
            else 'validity'
        end as dimension
    from dated
    where column_name is not null
    union all
    select check_date, system, table_name, '(table)' as column_name, 'validity' as dimension
    from dated
    where reason_code <> 'optional_value' and line_number is not null
    union all
    select check_date, system, table_name, '(table)' as column_name, 'timeliness' as dimension
    from dated
    where line_number is null
)

select
    refused.check_date,
    refused.system,
    refused.table_name,
    refused.column_name,
    refused.dimension,
    count(*) as refused_rows
from refused
inner join quality_window
    on refused.check_date between quality_window.first_date and quality_window.last_date
group by
    refused.check_date,
    refused.system,
    refused.table_name,
    refused.column_name,
    refused.dimension
