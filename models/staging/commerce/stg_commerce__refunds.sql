-- Grain: one row per refund, as known at the end of as_of
with

versions as (
    {{ known_then(source('commerce', 'refunds'), 'refund_id', 'refunded_at', 'refunded_at') }}
)

select
    refund_id,
    order_id,
    line_no,
    refund_amount,
    reason,
    refunded_at
from versions
