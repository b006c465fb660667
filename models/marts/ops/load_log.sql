-- Grain: one row per landing file and load that looked at it
with

load_log as (
    select
        load_id,
        load_sequence,
        system,
        table_name,
        file_path,
        file_sha256,
        status,
        message,
        rows_read,
        rows_loaded,
        rows_quarantined,
        rows_unchanged,
        optional_values_nulled,
        money_rounded,
        unknown_codes,
        unknown_columns,
        loaded_at
    from {{ ref('stg_rekindle__load_log') }}
)

select
    load_id,
    load_sequence,
    system,
    table_name,
    file_path,
    file_sha256,
    status,
    message,
    rows_read,
    rows_loaded,
    rows_quarantined,
    rows_unchanged,
    optional_values_nulled,
    money_rounded,
    unknown_codes,
    unknown_columns,
    loaded_at
from load_log
