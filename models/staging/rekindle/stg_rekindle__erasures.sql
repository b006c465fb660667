-- Grain: one row per erasure request that was carried out, as far as files could be read
select
    request_id,
    requested_at,
    completed_at,
    stores_checked,
    rows_removed
from {{ source('rekindle', 'erasures') }}
