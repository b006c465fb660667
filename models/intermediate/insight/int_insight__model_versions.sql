-- Grain: one row per version of the models in force at as_of, with its parameters
-- The version that nobody trained counts where no other is in force.
with

in_force as (
    {{ policy_in_force('model_parameters', ['version_code', 'model_name', 'parameter']) }}
),

counted as (
    select
        version_code,
        trained_date,
        model_name,
        parameter,
        value,
        count(trained_date) over () as trained_rows
    from in_force
),

parameters as (
    select version_code, model_name, parameter, value
    from counted
    where trained_date is not null or trained_rows = 0
)

select
    version_code,
    max(case when model_name = 'bg_nbd' and parameter = 'r' then value end) as r,
    max(case when model_name = 'bg_nbd' and parameter = 'alpha' then value end) as alpha,
    max(case when model_name = 'bg_nbd' and parameter = 'a' then value end) as a,
    max(case when model_name = 'bg_nbd' and parameter = 'b' then value end) as b,
    max(case when model_name = 'gamma_gamma' and parameter = 'p' then value end) as p,
    max(case when model_name = 'gamma_gamma' and parameter = 'q' then value end) as q,
    max(case when model_name = 'gamma_gamma' and parameter = 'v' then value end) as v,
    max(case when model_name = 'churn_classifier' and parameter = 'bias' then value end) as bias,
    max(
        case when model_name = 'churn_classifier' and parameter = 'forecast_weight' then value end
    ) as forecast_weight,
    max(
        case when model_name = 'churn_classifier' and parameter = 'forecast_mean' then value end
    ) as forecast_mean,
    max(
        case when model_name = 'churn_classifier' and parameter = 'silence_weight' then value end
    ) as silence_weight,
    max(
        case when model_name = 'churn_classifier' and parameter = 'silence_mean' then value end
    ) as silence_mean,
    max(
        case when model_name = 'churn_classifier' and parameter = 'repeats_weight' then value end
    ) as repeats_weight,
    max(
        case when model_name = 'churn_classifier' and parameter = 'repeats_mean' then value end
    ) as repeats_mean,
    max(
        case when model_name = 'churn_classifier' and parameter = 'age_weight' then value end
    ) as age_weight,
    max(
        case when model_name = 'churn_classifier' and parameter = 'age_mean' then value end
    ) as age_mean,
    max(
        case when model_name = 'churn_classifier' and parameter = 'month_weight' then value end
    ) as month_weight,
    max(
        case when model_name = 'churn_classifier' and parameter = 'month_mean' then value end
    ) as month_mean,
    max(
        case when model_name = 'churn_classifier' and parameter = 'quarter_weight' then value end
    ) as quarter_weight,
    max(
        case when model_name = 'churn_classifier' and parameter = 'quarter_mean' then value end
    ) as quarter_mean,
    max(
        case when model_name = 'churn_classifier' and parameter = 'rhythm_weight' then value end
    ) as rhythm_weight,
    max(
        case when model_name = 'churn_classifier' and parameter = 'rhythm_mean' then value end
    ) as rhythm_mean,
    max(
        case when model_name = 'churn_classifier' and parameter = 'longest_weight' then value end
    ) as longest_weight,
    max(
        case when model_name = 'churn_classifier' and parameter = 'longest_mean' then value end
    ) as longest_mean,
    max(
        case when model_name = 'churn_classifier' and parameter = 'single_weight' then value end
    ) as single_weight,
    max(
        case when model_name = 'churn_classifier' and parameter = 'single_mean' then value end
    ) as single_mean
from parameters
group by version_code
