-- Grain: one row per service ticket, with the record of who opened it
{{ config(materialized='view') }}
select
    ticket_id,
    'crm.members:' || member_no as source_record_key,
    kind as ticket_kind,
    order_id,
    product_id,
    opened_at,
    {{ business_date('opened_at') }} as opened_date,
    first_response_at,
    closed_at,
    csat
from {{ ref('stg_service__tickets') }}
