-- Grain: one row per record or identifier without which a person of many records falls apart
with

bridges as (
    select
        one_id,
        bridge_kind,
        bridge_type,
        bridge_key,
        record_count,
        piece_count,
        parted_records
    from {{ ref('int_identity__bridges') }}
)

select
    one_id,
    bridge_kind,
    bridge_type,
    bridge_key,
    record_count,
    piece_count,
    parted_records
from bridges
