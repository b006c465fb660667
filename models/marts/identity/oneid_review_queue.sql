-- Grain: one row per pair of persons who may be one, for somebody to decide
with

pairs as (
    select
        left_one_id,
        right_one_id,
        left_record_key,
        right_record_key,
        match_probability,
        reasons,
        shared_devices
    from {{ ref('int_identity__review_pairs') }}
)

select
    left_one_id,
    right_one_id,
    {{ record_source_system('left_record_key') }} as left_source_system,
    {{ record_source_table('left_record_key') }} as left_source_table,
    {{ record_source_key('left_record_key') }} as left_source_key,
    {{ record_source_system('right_record_key') }} as right_source_system,
    {{ record_source_table('right_record_key') }} as right_source_table,
    {{ record_source_key('right_record_key') }} as right_source_key,
    match_probability,
    reasons,
    shared_devices
from pairs
