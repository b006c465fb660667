-- Grain: one row per app event known at the end of as_of
{{ config(
    materialized='incremental',
    unique_key='event_id',
    incremental_strategy='delete+insert'
) }}
with

candidates as (
    {{ versions_to_judge(source('app', 'events'), 'event_id', 'occurred_at') }}
),

versions as (
    {{ known_then_of_many('candidates', 'event_id', 'occurred_at', 'occurred_at') }}
)

select
    event_id,
    app_user_id,
    device_id,
    session_id,
    event_type,
    product_id,
    category_id,
    content_id,
    content_type,
    keyword,
    value,
    occurred_at,
    {{ business_date('occurred_at') }} as event_date,
    is_known_version,
    _load_sequence
from versions
