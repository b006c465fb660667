-- Grain: one row per digital event
with

events as (
    select
        event_channel,
        event_id,
        source_record_key,
        event_type,
        product_id,
        category_id,
        session_id,
        occurred_at,
        event_date,
        is_login
    from {{ ref('int_core__events') }}
),

record_persons as (
    select source_record_key, one_id from {{ ref('int_identity__record_persons') }}
)

select
    events.event_channel,
    events.event_id,
    record_persons.one_id,
    events.event_type,
    events.product_id,
    events.category_id,
    events.session_id,
    events.occurred_at,
    events.event_date,
    events.is_login
from events
left join record_persons on events.source_record_key = record_persons.source_record_key
