-- Grain: one row per metric of the trial of the churn probability
with

told as (
    select 'model' as side, one_id, is_gone, probability
    from {{ ref('int_insight__churn_scores') }}
    where step = 1
    union all
    select 'baseline' as side, one_id, is_gone, forecast_gone as probability
    from {{ ref('int_insight__churn_scores') }}
    where step = 1
    union all
    select 'p_alive' as side, one_id, is_gone, 1 - p_alive as probability
    from {{ ref('int_insight__churn_scores') }}
    where step = 1
),

numbered as (
    select
        side,
        one_id,
        probability,
        case when is_gone then 1 else 0 end as gone,
        row_number() over (
            partition by side order by probability desc nulls last, one_id asc nulls last
        ) as place,
        count(*) over (partition by side) as people
    from told
),

-- equal probabilities are one step of the curves
levels as (
    select side, probability, sum(gone) as gone, count(*) as people
    from numbered
    group by side, probability
),

curves as (
    select
        side,
        gone,
        people,
        sum(gone) over (
            partition by side order by probability desc nulls last
            rows between unbounded preceding and current row
        ) as gone_so_far,
        sum(people) over (
            partition by side order by probability desc nulls last
            rows between unbounded preceding and current row
        ) as people_so_far
    from levels
),

areas as (
    select
        side,
        sum(gone) as gone,
        sum(people - gone) as stayed,
        cast(sum(
            (people - gone) * (gone_so_far - cast(gone as double) / 2)
        ) as double) / nullif(cast(sum(gone) as double) * sum(people - gone), 0) as auc,
        sum(gone * (cast(gone_so_far as double) / nullif(people_so_far, 0))) as precision_total
    from curves
    group by side
),

tenths as (
    select
        side,
        floor_of_ten,
        count(*) as people,
        sum(probability) as told,
        sum(gone) as gone
    from (
        select
            side,
            probability,
            gone,
            cast(floor(cast(10 * (place - 1) as double) / nullif(people, 0)) as integer)
                as floor_of_ten
        from numbered
    ) as placed
    group by side, floor_of_ten
),

calibrations as (
    select
        side,
        cast(sum(abs(told - gone)) as double) / nullif(sum(people), 0) as calibration_error,
        sum(case when floor_of_ten = 0 then gone end) as top_gone,
        sum(case when floor_of_ten = 0 then people end) as top_people
    from tenths
    group by side
),

means as (
    select
        side,
        avg(cast((probability - gone) * (probability - gone) as double)) as brier,
        avg(cast(-ln(greatest(least(
            case when gone = 1 then probability else 1 - probability end, 1
        ), 0.000001)) as double)) as log_loss,
        avg(cast(gone as double)) as gone_share
    from numbered
    group by side
),

figures as (
    select
        areas.side,
        areas.gone,
        areas.stayed,
        areas.auc,
        cast(areas.precision_total as double) / nullif(areas.gone, 0) as average_precision,
        means.brier,
        means.log_loss,
        calibrations.calibration_error,
        cast(calibrations.top_gone as double)
        / nullif(calibrations.top_people * means.gone_share, 0) as lift_at_10
    from areas
    inner join means on areas.side = means.side
    inner join calibrations on areas.side = calibrations.side
),

measured as (
    select side, 'auc' as metric, auc as value from figures
    union all
    select side, 'pr_auc' as metric, average_precision as value from figures
    union all
    select side, 'brier' as metric, brier as value from figures
    union all
    select side, 'log_loss' as metric, log_loss as value from figures
    union all
    select side, 'calibration_error' as metric, calibration_error as value from figures
    union all
    select side, 'lift_at_10' as metric, lift_at_10 as value from figures
    union all
    select
        side,
        'gone_share' as metric,
        cast(gone as double) / nullif(gone + stayed, 0) as value
    from figures
)

select
    models.metric,
    models.value,
    baselines.value as baseline_value,
    'bg_nbd' as baseline
from measured as models
inner join measured as baselines
    on models.metric = baselines.metric and baselines.side = 'baseline'
where models.side = 'model' and models.value is not null
union all
select
    'auc_over_p_alive' as metric,
    models.value,
    baselines.value as baseline_value,
    'p_alive' as baseline
from measured as models
inner join measured as baselines
    on models.metric = baselines.metric and baselines.side = 'p_alive'
where models.side = 'model' and models.metric = 'auc' and models.value is not null
