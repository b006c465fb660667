-- Grain: one row per person that drifts or has lapsed, and rank of a reason
with

reasons as (
    select
        one_id,
        reason_code,
        label_zh,
        score,
        findings,
        evidence_date,
        evidence_count,
        evidence_limit,
        evidence_amount,
        evidence_text,
        reason_rank
    from {{ ref('int_insight__churn_reasons') }}
),

stages as (
    select as_of_date, one_id, lifecycle_stage from {{ ref('member_lifecycle') }}
)

select
    stages.as_of_date,
    reasons.one_id,
    reasons.reason_rank as rank,
    stages.lifecycle_stage,
    reasons.reason_code,
    reasons.label_zh as reason_zh,
    reasons.score,
    reasons.findings,
    reasons.evidence_date,
    coalesce(
        reasons.evidence_count,
        {{ days_between('reasons.evidence_date', 'stages.as_of_date') }}
    ) as evidence_count,
    reasons.evidence_limit,
    reasons.evidence_amount,
    reasons.evidence_text
from reasons
inner join stages on reasons.one_id = stages.one_id
