-- Grain: one row per metric, with its benchmark in force at as_of
with

dated_targets as (
    select
        kpi_targets.metric_code,
        kpi_targets.benchmark,
        kpi_targets.direction,
        kpi_targets.is_daily,
        kpi_targets.is_monthly,
        row_number() over (partition by kpi_targets.metric_code order by kpi_targets.valid_from desc) as target_rank
    from {{ ref('kpi_targets') }} as kpi_targets
    inner join {{ ref('stg_rekindle__as_of') }} as as_of on kpi_targets.valid_from <= as_of.as_of_date
)

select
    metric_code,
    benchmark,
    direction,
    is_daily,
    is_monthly
from dated_targets
where target_rank = 1
