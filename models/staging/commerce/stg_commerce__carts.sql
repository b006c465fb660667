-- Grain: one row per cart event, as known at the end of as_of
{{ config(
    materialized='incremental',
    unique_key='cart_event_id',
    incremental_strategy='delete+insert'
) }}
with

candidates as (
    {{ versions_to_judge(source('commerce', 'carts'), 'cart_event_id', 'occurred_at') }}
),

versions as (
    {{ known_then_of_many('candidates', 'cart_event_id', 'occurred_at', 'occurred_at') }}
)

select
    cart_event_id,
    buyer_key_type,
    buyer_key_status,
    buyer_key_token,
    {{ buyer_record_key("'unknown'") }} as buyer_record_key,
    product_id,
    {{ known_code('action', ['add', 'remove', 'checkout']) }} as action,
    unit_price,
    occurred_at,
    is_known_version,
    _load_sequence
from versions
