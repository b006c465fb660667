-- Grain: one row per erasure request
-- Who asked is not in it: a request is carried out when nothing says so any more.
with

requests as (
    select request_id, requested_at from {{ ref('int_identity__erasure_requests') }}
),

erasures as (
    select request_id, completed_at, stores_checked, rows_removed
    from {{ ref('stg_rekindle__erasures') }}
)

select
    requests.request_id,
    requests.requested_at,
    erasures.completed_at,
    erasures.stores_checked,
    erasures.rows_removed
from requests
left join erasures on requests.request_id = erasures.request_id
