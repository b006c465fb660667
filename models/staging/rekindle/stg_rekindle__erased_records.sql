-- Grain: one row per record key that stands in facts for a record of an erased person
select
    source_record_key,
    one_id
from {{ source('rekindle', 'erased_records') }}
