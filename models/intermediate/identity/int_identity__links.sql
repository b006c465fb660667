-- Grain: one row per record linked by an identifier to the identifier's smallest record
with

linked_records as (
    select
        records.record_id,
        linking_identifiers.identifier_type,
        linking_identifiers.identifier_token,
        min(records.record_id) over (
            partition by linking_identifiers.identifier_type, linking_identifiers.identifier_token
        ) as hub_record_id
    from {{ ref('int_identity__linking_identifiers') }} as linking_identifiers
    inner join {{ ref('int_identity__records') }} as records
        on linking_identifiers.source_record_key = records.source_record_key
)

select
    record_id,
    hub_record_id,
    identifier_type,
    identifier_token
from linked_records
where record_id <> hub_record_id
