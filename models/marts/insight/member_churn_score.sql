-- Grain: one row per person with a valid order
with

scores as (
    select one_id, p_alive, forecast_gone, probability, kind, version_code, bias
    from {{ ref('int_insight__churn_scores') }}
    where step = 0
),

reasons as (
    select
        one_id,
        max(case when reason_rank = 1 then reason_code end) as first_reason,
        max(case when reason_rank = 2 then reason_code end) as second_reason,
        max(case when reason_rank = 3 then reason_code end) as third_reason
    from {{ ref('int_insight__churn_contributions') }}
    where part > 0
    group by one_id
),

as_of as (
    select as_of_date from {{ ref('stg_rekindle__as_of') }}
),

ranked as (
    select
        one_id,
        p_alive,
        forecast_gone,
        probability,
        kind,
        version_code,
        bias,
        percent_rank() over (order by probability nulls last) as score_percentile
    from scores
)

select
    as_of.as_of_date,
    ranked.one_id,
    ranked.p_alive,
    ranked.probability as churn_probability,
    ranked.forecast_gone as bg_nbd_churn_probability,
    ranked.score_percentile,
    reasons.first_reason || coalesce(', ' || reasons.second_reason, '')
    || coalesce(', ' || reasons.third_reason, '') as top_reasons,
    case when ranked.kind = 'classifier' then ranked.bias end as base_log_odds,
    ranked.kind as model_kind,
    ranked.version_code as model_version
from ranked
cross join as_of
left join reasons on ranked.one_id = reasons.one_id
