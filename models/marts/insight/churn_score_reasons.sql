-- Grain: one row per person and rank of a reason of their churn probability
with

as_of as (
    select as_of_date from {{ ref('stg_rekindle__as_of') }}
),

reasons as (
    select
        as_of.as_of_date,
        contributions.one_id,
        contributions.reason_rank,
        contributions.reason_code,
        contributions.part,
        contributions.value_1,
        contributions.value_2,
        contributions.value_3
    from {{ ref('int_insight__churn_contributions') }} as contributions
    cross join as_of
),

labels as (
    {{ policy_in_force('score_reasons', 'reason_code') }}
)

select
    reasons.as_of_date,
    reasons.one_id,
    cast(reasons.reason_rank as integer) as rank,
    reasons.reason_code,
    labels.label_en as reason_en,
    labels.label_zh as reason_zh,
    reasons.part,
    reasons.value_1,
    reasons.value_2,
    reasons.value_3,
    labels.values_en,
    labels.values_zh
from reasons
inner join labels on reasons.reason_code = labels.reason_code
