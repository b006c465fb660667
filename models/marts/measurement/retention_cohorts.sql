-- Grain: one row per cohort month, month number and segment
with

order_months as (
    select one_id, {{ month_index('order_date') }} as month_index
    from {{ ref('int_insight__order_days') }}
    group by one_id, {{ month_index('order_date') }}
),

members as (
    select one_id, cohort_month, first_order_channel, register_channel
    from {{ ref('int_measurement__cohort_members') }}
),

as_of as (
    select as_of_date, {{ month_index('as_of_date') }} as as_of_month_index
    from {{ ref('stg_rekindle__as_of') }}
),

segments as (
    select
        one_id,
        cohort_month,
        'all' as segment_type,
        'all' as segment_value
    from members
    union all
    select
        one_id,
        cohort_month,
        'first_order_channel' as segment_type,
        first_order_channel as segment_value
    from members
    union all
    select
        one_id,
        cohort_month,
        'register_channel' as segment_type,
        register_channel as segment_value
    from members
),

cohorts as (
    select cohort_month, segment_type, segment_value, count(*) as cohort_size
    from segments
    group by cohort_month, segment_type, segment_value
),

cohort_months as (
    select
        cohorts.cohort_month,
        cohorts.segment_type,
        cohorts.segment_value,
        cohorts.cohort_size,
        as_of.as_of_date,
        {{ number_series(
            '0', 'as_of.as_of_month_index - ' ~ month_index('cohorts.cohort_month')
        ) }} as month_number
    from cohorts
    cross join as_of
),

retained as (
    select
        segments.cohort_month,
        segments.segment_type,
        segments.segment_value,
        order_months.month_index - {{ month_index('segments.cohort_month') }} as month_number,
        count(*) as retained_members
    from segments
    inner join order_months on segments.one_id = order_months.one_id
    group by
        segments.cohort_month,
        segments.segment_type,
        segments.segment_value,
        order_months.month_index - {{ month_index('segments.cohort_month') }}
),

counted as (
    select
        cohort_months.as_of_date,
        cohort_months.cohort_month,
        cast(cohort_months.month_number as integer) as month_number,
        cohort_months.segment_type,
        cohort_months.segment_value,
        cohort_months.cohort_size,
        coalesce(retained.retained_members, 0) as retained_members,
        {{ add_months('cohort_months.cohort_month', 'cohort_months.month_number + 1') }}
        <= {{ add_days('cohort_months.as_of_date', 1) }} as is_complete
    from cohort_months
    left join retained
        on
            cohort_months.cohort_month = retained.cohort_month
            and cohort_months.segment_type = retained.segment_type
            and cohort_months.segment_value = retained.segment_value
            and cohort_months.month_number = retained.month_number
)

select
    as_of_date,
    cohort_month,
    month_number,
    segment_type,
    segment_value,
    cohort_size,
    retained_members,
    case when is_complete then cast(retained_members as double) / nullif(cohort_size, 0) end
        as retention_rate,
    is_complete
from counted
