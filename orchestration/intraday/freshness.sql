-- Grain: one row per landing file that arrived in the window
-- A file that was readable before keeps the moment at which it became so.
with

acts_of_files as (
    select
        file_parts.file_path,
        count(*) as acts,
        max(acts.occurred_at) as newest_at
    from acts
    inner join file_parts on acts.filename = file_parts.part
    group by file_parts.file_path
),

visible_files as (
    select
        files.*,
        coalesce(former_files.row_at, getvariable('row_at')) as row_at
    from files
    left join former_files
        on files.file_path = former_files.file_path and files.arrived_at = former_files.arrived_at
)

select
    visible_files.file_path,
    visible_files.system,
    visible_files.table_name,
    visible_files.arrived_at,
    visible_files.loaded_at,
    visible_files.row_at,
    date_diff('millisecond', visible_files.arrived_at, visible_files.row_at) / 1000
        as latency_seconds,
    visible_files.rows_loaded,
    coalesce(acts_of_files.acts, 0) as acts,
    acts_of_files.newest_at
from visible_files
left join acts_of_files on visible_files.file_path = acts_of_files.file_path
