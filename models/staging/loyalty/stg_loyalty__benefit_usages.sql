-- Grain: one row per use of a benefit, as known at the end of as_of
with

versions as (
    {{ known_then(source('loyalty', 'benefit_usages'), 'usage_id', 'used_at', 'used_at') }}
)

select
    usage_id,
    member_no,
    benefit_id,
    cost,
    used_at
from versions
