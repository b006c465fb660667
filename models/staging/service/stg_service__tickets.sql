-- Grain: one row per service ticket, as known at the end of as_of
with

versions as (
    {{ known_then(
        source('service', 'tickets'),
        'ticket_id',
        'coalesce(updated_at, opened_at)',
        'opened_at'
    ) }}
)

select
    ticket_id,
    member_no,
    order_id,
    {{ known_code('kind', ['complaint', 'return', 'question']) }} as kind,
    product_id,
    opened_at,
    first_response_at,
    closed_at,
    csat,
    updated_at
from versions
