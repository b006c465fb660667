-- Grain: one row per rejected row, rejected optional value or refused file, and load
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
from {{ source('rekindle', 'quarantine') }}
