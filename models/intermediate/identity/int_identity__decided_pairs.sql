-- Grain: one row per pair of known records that somebody decided to link or to keep apart
with

policy as (
    select
        decisions.decision,
        least(decisions.left_record, decisions.right_record) as left_record_key,
        greatest(decisions.left_record, decisions.right_record) as right_record_key,
        decisions.valid_from,
        decisions.decided_by,
        decisions.reason
    from {{ ref('identity_decisions') }} as decisions
    inner join {{ ref('stg_rekindle__as_of') }} as as_of
        on decisions.valid_from <= as_of.as_of_date
),

ranked_decisions as (
    select
        *,
        row_number() over (
            partition by left_record_key, right_record_key order by valid_from desc nulls last
        ) as newest_rank
    from policy
)

select
    ranked_decisions.decision,
    left_records.record_id as left_record_id,
    right_records.record_id as right_record_id,
    md5(
        ranked_decisions.left_record_key || '|' || ranked_decisions.right_record_key
    ) as decision_token,
    ranked_decisions.valid_from,
    ranked_decisions.decided_by,
    ranked_decisions.reason
from ranked_decisions
inner join {{ ref('int_identity__records') }} as left_records
    on ranked_decisions.left_record_key = left_records.source_record_key
inner join {{ ref('int_identity__records') }} as right_records
    on ranked_decisions.right_record_key = right_records.source_record_key
where ranked_decisions.newest_rank = 1
