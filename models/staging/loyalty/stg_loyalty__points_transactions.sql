-- Grain: one row per points transaction, as known at the end of as_of
with

versions as (
    {{ known_then(
        source('loyalty', 'points_transactions'),
        'transaction_id',
        'occurred_at',
        'occurred_at'
    ) }}
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
    occurred_at
from versions
