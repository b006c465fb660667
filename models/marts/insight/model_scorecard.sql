-- Grain: one row per model and metric, measured on what was known at as_of
with

scores as (
    select
        'replenishment' as model_name,
        metric,
        value,
        baseline_value,
        baseline
    from {{ ref('int_insight__replenishment_scores') }}
),

as_of as (
    select as_of_date from {{ ref('stg_rekindle__as_of') }}
)

select
    scores.model_name,
    as_of.as_of_date,
    scores.metric,
    scores.value,
    scores.baseline_value,
    scores.baseline
from scores
cross join as_of
