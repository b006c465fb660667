-- Grain: one row per source record
with

record_persons as (
    select source_record_key, one_id, first_seen_at
    from {{ ref('int_identity__record_persons') }}
)

select
    {{ record_source_system('source_record_key') }} as source_system,
    {{ record_source_table('source_record_key') }} as source_table,
    {{ record_source_key('source_record_key') }} as source_key,
    one_id,
    first_seen_at as linked_at,
    'deterministic' as link_kind
from record_persons
