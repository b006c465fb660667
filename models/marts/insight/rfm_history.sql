-- Grain: one row per complete month end and person with a valid order in the window ending on it
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
        rfm_group
    from {{ ref('int_insight__rfm_scores') }}
),

month_ends as (
    select month_end_date from {{ ref('int_insight__month_ends') }}
)

select
    scores.evaluated_date as as_of_date,
    scores.one_id,
    scores.recency_days,
    scores.frequency,
    scores.monetary,
    scores.r_score,
    scores.f_score,
    scores.m_score,
    scores.rfm_group
from scores
inner join month_ends on scores.evaluated_date = month_ends.month_end_date
