-- Grain: one row per date and dimension value with valid orders
with

measures as (
    select order_days.*, order_days.order_date as period_start_date
    from {{ ref('int_kpi__order_days') }} as order_days
)

{{ sums_by_dimension('measures', order_measures() + ['buyers']) }}
