-- Grain: one row per person with a valid order in the RFM window ending at as_of
with

scores as (
    select
        evaluated_date,
        one_id,
        recency_days,
        frequency,
        monetary,
        r_score,
        f_score,
        m_score,
        rfm_group,
        rfm_group_zh
    from {{ ref('int_insight__rfm_scores') }}
),

as_of as (
    select as_of_date from {{ ref('stg_rekindle__as_of') }}
)

select
    as_of.as_of_date,
    scores.one_id,
    scores.recency_days,
    scores.frequency,
    scores.monetary,
    scores.r_score,
    scores.f_score,
    scores.m_score,
    scores.rfm_group,
    scores.rfm_group_zh
from scores
inner join as_of on scores.evaluated_date = as_of.as_of_date
