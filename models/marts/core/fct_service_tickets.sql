-- Grain: one row per service ticket
with

tickets as (
    select
        ticket_id,
        source_record_key,
        ticket_kind,
        order_id,
        product_id,
        opened_at,
        opened_date,
        first_response_at,
        closed_at,
        csat
    from {{ ref('int_core__service_tickets') }}
),

record_persons as (
    select source_record_key, one_id from {{ ref('int_identity__record_persons') }}
)

select
    tickets.ticket_id,
    record_persons.one_id,
    tickets.ticket_kind,
    tickets.order_id,
    tickets.product_id,
    tickets.opened_at,
    tickets.opened_date,
    tickets.first_response_at,
    tickets.closed_at,
    tickets.csat
from tickets
left join record_persons on tickets.source_record_key = record_persons.source_record_key
