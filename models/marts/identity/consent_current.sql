-- Grain: one row per person, purpose and channel that the person was asked about
-- The strictest of what the person's memberships last said. No row is no consent.
with

answers as (
    select
        one_id,
        purpose,
        channel,
        is_granted,
        policy_version,
        valid_from_at,
        row_number() over (
            partition by one_id, purpose, channel
            order by
                is_granted asc nulls first,
                valid_from_at desc nulls last,
                member_no asc nulls last
        ) as strictness_rank
    from {{ ref('int_identity__consents') }}
    where valid_until_at is null
)

select
    one_id,
    purpose,
    channel,
    is_granted,
    valid_from_at as changed_at,
    policy_version
from answers
where strictness_rank = 1
