-- Grain: one row per month, metric and dimension value
with

counted as (
    select period_start_date, metric_code, dimension_type, dimension_value, numerator, denominator
    from {{ ref('int_kpi__monthly_values') }}
),

targets as (
    select metric_code, benchmark, direction
    from {{ ref('int_kpi__targets') }}
    where is_monthly
),

-- the day on which the period's outcome is known
periods as (
    select
        months.as_of_date,
        months.period_start_date,
        targets.metric_code,
        targets.benchmark,
        targets.direction,
        case
            when targets.metric_code = 'next_month_retention'
                then {{ add_days(add_months('months.period_start_date', 2), -1) }}
            when targets.metric_code = 'half_year_retention'
                then {{ add_days(add_months('months.period_start_date', 7), -1) }}
            when targets.metric_code in ('awakened_aov_lift', 're_dormancy_rate')
                then {{ add_days('months.period_end_date', 180) }}
            when
                targets.metric_code in (
                    'dormant_activation_rate_30d', 'at_risk_activation_rate_30d'
                )
                then
                    greatest(
                        months.period_end_date, {{ add_days('months.period_start_date', 29) }}
                    )
            else months.period_end_date
        end as outcome_date
    from {{ ref('int_kpi__months') }} as months
    cross join targets
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
        ) as denominator,
        periods.outcome_date <= periods.as_of_date as is_complete,
        counted.numerator is null
        and periods.metric_code = 'off_campaign_order_ratio' as has_no_outside_day,
        periods.benchmark,
        periods.direction
    from periods
    left join counted
        on
            periods.period_start_date = counted.period_start_date
            and periods.metric_code = counted.metric_code
),

valued_rows as (
    select
        dimension_rows.*,
        case
            when not dimension_rows.is_complete or dimension_rows.has_no_outside_day then null
            else
                cast(dimension_rows.numerator as double) / nullif(dimension_rows.denominator, 0)
                - case when dimension_rows.metric_code = 'awakened_aov_lift' then 1 else 0 end
        end as value
    from dimension_rows
    where
        dimension_rows.dimension_type = 'all'
        or dimension_rows.numerator <> 0
        or (dimension_rows.denominator <> 0 and dimension_rows.metric_code <> 'buyers')
)

select
    as_of_date,
    period_start_date,
    metric_code,
    dimension_type,
    dimension_value,
    numerator,
    denominator,
    value,
    is_complete,
    benchmark,
    case
        when direction = 'down' then value <= benchmark
        else value >= benchmark
    end as is_benchmark_met
from valued_rows
