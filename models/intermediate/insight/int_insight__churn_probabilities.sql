-- Grain: one row per version of the models, evaluated day (as_of, the trial 90 days before) and
-- person with a valid order by then
with

histories as (
    select
        versions.version_code,
        histories.step,
        histories.evaluated_date,
        histories.one_id,
        histories.is_gone,
        histories.repeats,
        histories.active_days,
        histories.age_days,
        histories.silent_days,
        histories.dates_30d,
        histories.dates_90d,
        histories.longest_gap_days,
        versions.r,
        versions.alpha,
        versions.a,
        versions.b,
        versions.bias,
        versions.forecast_weight,
        versions.forecast_mean,
        versions.silence_weight,
        versions.silence_mean,
        versions.repeats_weight,
        versions.repeats_mean,
        versions.age_weight,
        versions.age_mean,
        versions.month_weight,
        versions.month_mean,
        versions.quarter_weight,
        versions.quarter_mean,
        versions.rhythm_weight,
        versions.rhythm_mean,
        versions.longest_weight,
        versions.longest_mean,
        versions.single_weight,
        versions.single_mean,
        case
            when histories.repeats > 0
                then cast(histories.active_days as double) / nullif(histories.repeats, 0)
            else histories.age_days
        end as mean_gap_days,
        ln(versions.alpha + histories.age_days) as log_reach,
        ln(versions.alpha + histories.age_days + 90) as log_far_reach
    from {{ ref('int_insight__buying_histories') }} as histories
    cross join {{ ref('int_insight__model_versions') }} as versions
    where histories.step <= 1
),

alive as (
    select
        version_code,
        step,
        evaluated_date,
        one_id,
        is_gone,
        repeats,
        age_days,
        silent_days,
        dates_30d,
        dates_90d,
        longest_gap_days,
        mean_gap_days,
        bias,
        forecast_weight,
        forecast_mean,
        silence_weight,
        silence_mean,
        repeats_weight,
        repeats_mean,
        age_weight,
        age_mean,
        month_weight,
        month_mean,
        quarter_weight,
        quarter_mean,
        rhythm_weight,
        rhythm_mean,
        longest_weight,
        longest_mean,
        single_weight,
        single_mean,
        exp((r + repeats) * (log_reach - log_far_reach)) as nothing_comes,
        {{ p_alive('repeats', 'active_days', 'age_days') }} as p_alive
    from histories
),

bounded as (
    select
        version_code,
        step,
        evaluated_date,
        one_id,
        is_gone,
        repeats,
        age_days,
        silent_days,
        dates_30d,
        dates_90d,
        longest_gap_days,
        mean_gap_days,
        bias,
        forecast_weight,
        forecast_mean,
        silence_weight,
        silence_mean,
        repeats_weight,
        repeats_mean,
        age_weight,
        age_mean,
        month_weight,
        month_mean,
        quarter_weight,
        quarter_mean,
        rhythm_weight,
        rhythm_mean,
        longest_weight,
        longest_mean,
        single_weight,
        single_mean,
        p_alive,
        1 - p_alive + p_alive * nothing_comes as forecast_gone,
        greatest(least(1 - p_alive + p_alive * nothing_comes, 0.999999), 0.000001) as bounded_gone
    from alive
),

contributions as (
    select
        version_code,
        step,
        evaluated_date,
        one_id,
        is_gone,
        p_alive,
        forecast_gone,
        bias,
        forecast_weight * (ln(bounded_gone) - ln(1 - bounded_gone) - forecast_mean)
        + age_weight * (ln(1 + age_days) - age_mean) as forecast_part,
        silence_weight * (ln(1 + silent_days) - silence_mean) as silence_part,
        repeats_weight * (ln(1 + repeats) - repeats_mean)
        + single_weight * (case when repeats = 0 then 1 else 0 end - single_mean)
            as few_orders_part,
        month_weight * (ln(1 + dates_30d) - month_mean)
        + quarter_weight * (ln(1 + dates_90d) - quarter_mean) as fading_part,
        rhythm_weight * (ln(1 + silent_days) - ln(1 + mean_gap_days) - rhythm_mean)
        + longest_weight * (ln(1 + silent_days) - ln(1 + longest_gap_days) - longest_mean)
            as off_rhythm_part
    from bounded
)

select
    version_code,
    step,
    evaluated_date,
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
    cast(1 as double) / nullif(
        1 + exp(
            least(
                -bias - forecast_part - silence_part - few_orders_part - fading_part
                - off_rhythm_part,
                700
            )
        ),
        0
    ) as probability
from contributions
