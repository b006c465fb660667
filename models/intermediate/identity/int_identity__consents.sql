-- Grain: one row per answer of a membership on a purpose and channel, with how long it held
-- Answers of erased persons are nobody's. Of two answers given at once the refusal holds.
with

answers as (
    select
        consents.member_no,
        record_persons.one_id,
        consents.purpose,
        consents.channel,
        consents.is_granted,
        consents.policy_version,
        consents.changed_at
    from {{ ref('stg_crm__consents') }} as consents
    inner join {{ ref('int_identity__record_persons') }} as record_persons
        on 'crm.members:' || consents.member_no = record_persons.source_record_key
    left join {{ ref('stg_rekindle__erased_records') }} as erased_records
        on record_persons.source_record_key = erased_records.source_record_key
    where erased_records.source_record_key is null
)

select
    member_no,
    one_id,
    purpose,
    channel,
    is_granted,
    policy_version,
    changed_at as valid_from_at,
    lead(changed_at) over (
        partition by member_no, purpose, channel
        order by
            changed_at asc nulls last,
            is_granted desc nulls last,
            policy_version asc nulls last
    ) as valid_until_at
from answers
