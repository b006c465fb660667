-- Grain: one row per month and dimension value with valid orders
with

measures as (
    select
        order_days.one_id,
        campaign_days.month_start_date as period_start_date,
        max(order_days.buyers) as buyers,
        {%- for measure in order_measures() %}
        sum(order_days.{{ measure }}) as {{ measure }},
        {%- endfor %}
        sum(case when campaign_days.is_inside_campaign then order_days.person_orders else 0 end)
            as inside_orders,
        sum(case when campaign_days.is_inside_campaign then 0 else order_days.person_orders end)
            as outside_orders
    from {{ ref('int_kpi__order_days') }} as order_days
    inner join {{ ref('int_kpi__campaign_days') }} as campaign_days
        on order_days.order_date = campaign_days.period_date
    group by order_days.one_id, campaign_days.month_start_date
)

{{ sums_by_dimension(
    'measures', order_measures() + ['buyers', 'inside_orders', 'outside_orders']
) }}
