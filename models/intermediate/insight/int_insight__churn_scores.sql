-- Grain: one row per evaluated day (as_of, the trial) and person, told by the best version
with

best_way as (
    select version_code, kind from {{ ref('int_insight__churn_trials') }}
    where rank_of_all = 1
),

best_forecast as (
    select version_code from {{ ref('int_insight__churn_trials') }}
    where kind = 'bg_nbd' and rank_of_kind = 1
),

probabilities as (
    select
        version_code,
        step,
        one_id,
        is_gone,
        p_alive,
        forecast_gone,
        bias,
        forecast_part,
        silence_part,
        few_orders_part,
        fading_part,
        off_rhythm_part,
        probability
    from {{ ref('int_insight__churn_probabilities') }}
),

forecasts as (
    select
        probabilities.step,
        probabilities.one_id,
        probabilities.p_alive,
        probabilities.forecast_gone
    from probabilities
    inner join best_forecast on probabilities.version_code = best_forecast.version_code
)

select
    probabilities.step,
    probabilities.one_id,
    probabilities.is_gone,
    forecasts.p_alive,
    forecasts.forecast_gone,
    case
        when best_way.kind = 'classifier' then probabilities.probability
        else probabilities.forecast_gone
    end as probability,
    best_way.kind,
    best_way.version_code,
    probabilities.forecast_gone as version_forecast_gone,
    probabilities.bias,
    probabilities.forecast_part,
    probabilities.silence_part,
    probabilities.few_orders_part,
    probabilities.fading_part,
    probabilities.off_rhythm_part
from probabilities
inner join best_way on probabilities.version_code = best_way.version_code
inner join forecasts
    on probabilities.step = forecasts.step and probabilities.one_id = forecasts.one_id
