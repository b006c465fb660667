-- Grain: one row per erasure request, as known at the end of as_of
with

versions as (
    {{ known_then(
        source('crm', 'erasure_requests'),
        'request_id',
        'requested_at',
        'requested_at'
    ) }}
)

select
    request_id,
    member_no,
    requested_at
from versions
