-- Grain: one row per month and dimension value: buyers of the 365 days that end with the month
with

orders as (
    select one_id, order_date, is_first_order
    from {{ ref('fct_orders') }}
    where is_valid and one_id is not null
),

measures as (
    select
        orders.one_id,
        months.period_start_date,
        1 as yearly_buyers,
        count(*) as yearly_orders,
        sum(case when orders.is_first_order then 1 else 0 end) as yearly_first_orders,
        case when count(*) >= 2 then 1 else 0 end as yearly_repeat_buyers
    from orders
    inner join {{ ref('int_kpi__months') }} as months
        on
            orders.order_date > {{ add_days('months.period_end_date', -365) }}
            and orders.order_date <= months.period_end_date
    group by orders.one_id, months.period_start_date
)

{{ sums_by_dimension(
    'measures', ['yearly_buyers', 'yearly_orders', 'yearly_first_orders', 'yearly_repeat_buyers']
) }}
