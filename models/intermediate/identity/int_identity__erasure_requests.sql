-- Grain: one row per erasure request known at the end of as_of
select
    request_id,
    requested_at
from {{ ref('stg_crm__erasure_requests') }}
