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
    union all
    select
        'churn' as model_name,
        metric,
        value,
        baseline_value,
        baseline
    from {{ ref('int_insight__churn_figures') }}
    union all
    select
        'ltv' as model_name,
        metric,
        value,
        baseline_value,
        baseline
    from {{ ref('int_insight__value_figures') }}
    union all
    select
        'recommendations' as model_name,
        metric,
        value,
        baseline_value,
        baseline
    from {{ ref('int_insight__recommendation_figures') }}
    union all
    select
        case when signal = 'any' then 'early_warning' else 'early_warning/' || signal end
            as model_name,
        metric,
        value,
        baseline_value,
        baseline
    from {{ ref('int_insight__warning_figures') }}
    union all
    select
        'churn/' || kind || '/' || version_code as model_name,
        'log_loss' as metric,
        log_loss as value,
        cast(null as double) as baseline_value,
        'none' as baseline
    from {{ ref('int_insight__churn_trials') }}
    where log_loss is not null
    union all
    select
        'ltv/purchase_value/' || version_code as model_name,
        'root_mean_square_error' as metric,
        root_square_miss as value,
        cast(null as double) as baseline_value,
        'none' as baseline
    from {{ ref('int_insight__value_trials') }}
    where root_square_miss is not null
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
