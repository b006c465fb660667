-- Grain: one row per cohort month and dimension value: first-time buyers and those who came back
with

order_months as (
    select one_id, {{ month_index('order_date') }} as month_number
    from {{ ref('int_insight__order_days') }}
    group by one_id, {{ month_index('order_date') }}
),

members as (
    select one_id, cohort_month, {{ month_index('cohort_month') }} as month_number
    from {{ ref('int_measurement__cohort_members') }}
),

measures as (
    select
        members.one_id,
        members.cohort_month as period_start_date,
        1 as cohort_members,
        max(case when order_months.month_number - members.month_number = 1 then 1 else 0 end)
            as retained_next_month,
        max(case when order_months.month_number - members.month_number = 6 then 1 else 0 end)
            as retained_half_year
    from members
    inner join order_months on members.one_id = order_months.one_id
    group by members.one_id, members.cohort_month
)

{{ sums_by_dimension('measures', ['cohort_members', 'retained_next_month', 'retained_half_year']) }}
