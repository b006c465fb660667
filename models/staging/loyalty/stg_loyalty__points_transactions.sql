-- Grain: one row per points transaction, as known at the end of as_of
{{ config(
    materialized='incremental',
    unique_key='transaction_id',
    incremental_strategy='delete+insert'
) }}
with

candidates as (
    {{ versions_to_judge(
        source('loyalty', 'points_transactions'), 'transaction_id', 'occurred_at'
    ) }}
),

versions as (
    {{ known_then_of_many('candidates', 'transaction_id', 'occurred_at', 'occurred_at') }}
)

select
    transaction_id,
    member_no,
    points,
    {{ known_code('reason', [
        'purchase', 'check_in', 'comment', 'share', 'ugc', 'task', 'referral', 'survey', 'birthday',
        'redeem', 'adjust', 'refund', 'expire'
    ]) }} as reason,
    order_id,
    reference_id,
    occurred_at,
    is_known_version,
    _load_sequence
from versions
