-- Grain: one row per answer of a membership on a purpose and channel, in the order given
-- Of two answers given at once the refusal is the last, and the other held for no time.
with

answers as (
    select
        one_id,
        member_no,
        purpose,
        channel,
        is_granted,
        policy_version,
        valid_from_at,
        valid_until_at,
        row_number() over (
            partition by member_no, purpose, channel
            order by
                valid_from_at asc nulls last,
                valid_until_at asc nulls last,
                is_granted desc nulls last,
                policy_version asc nulls last
        ) as answer_number
    from {{ ref('int_identity__consents') }}
)

select
    one_id,
    member_no,
    purpose,
    channel,
    cast(answer_number as integer) as answer_number,
    is_granted,
    policy_version,
    valid_from_at,
    valid_until_at
from answers
