-- Grain: one row per source record
with

record_persons as (
    select source_system, source_table, source_key, one_id, first_seen_at
    from {{ ref('int_identity__record_persons') }}
)

select
    source_system,
    source_table,
    source_key,
    one_id,
    first_seen_at as linked_at,
    'deterministic' as link_kind
from record_persons
