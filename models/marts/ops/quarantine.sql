-- Grain: one row per rejected row, rejected optional value or refused file, and load
with

quarantine as (
    select
        load_id,
        load_sequence,
        system,
        table_name,
        file_path,
        line_number,
        reason_code,
        column_name,
        reason,
        raw_record,
        recorded_at
    from {{ ref('stg_rekindle__quarantine') }}
)

select
    md5(
        load_id || ':' || system || ':' || table_name || ':' || file_path || ':' || reason_code
        || ':' || coalesce(cast(line_number as string), '') || ':' || coalesce(column_name, '')
    ) as quarantine_id,
    load_id,
    load_sequence,
    system,
    table_name,
    file_path,
    line_number,
    reason_code,
    column_name,
    reason,
    raw_record,
    recorded_at
from quarantine
