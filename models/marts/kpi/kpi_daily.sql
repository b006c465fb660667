-- Grain: one row per business date, metric and dimension value
with

counted as (
    select period_start_date, metric_code, dimension_type, dimension_value, numerator, denominator
    from {{ ref('int_kpi__daily_values') }}
),

targets as (
    select metric_code
    from {{ ref('int_kpi__targets') }}
    where is_daily
),

periods as (
    select
        days.as_of_date,
        days.period_date as period_start_date,
        targets.metric_code
    from {{ ref('int_kpi__days') }} as days
    cross join targets
    where days.period_date <= days.as_of_date
),

dimension_rows as (
    select
        periods.as_of_date,
        periods.period_start_date,
        periods.metric_code,
        coalesce(counted.dimension_type, 'all') as dimension_type,
        coalesce(counted.dimension_value, 'all') as dimension_value,
        coalesce(counted.numerator, 0) as numerator,
        coalesce(
            counted.denominator,
            case
                when periods.metric_code in ('order_count', 'net_revenue', 'buyers') then 1
                else 0
            end
        ) as denominator
    from periods
    left join counted
        on
            periods.period_start_date = counted.period_start_date
            and periods.metric_code = counted.metric_code
)

select
    as_of_date,
    period_start_date,
    metric_code,
    dimension_type,
    dimension_value,
    numerator,
    denominator,
    cast(numerator as double) / nullif(denominator, 0) as value,
    true as is_complete
from dimension_rows
where
    dimension_type = 'all'
    or numerator <> 0
    or (denominator <> 0 and metric_code <> 'buyers')
