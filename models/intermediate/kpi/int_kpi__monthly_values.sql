-- Grain: one row per month, metric and dimension value with something to count
{%- set metrics = [
    ('monthly_orders', 'order_count', 'orders', '1'),
    ('monthly_orders', 'net_revenue', 'revenue', '1'),
    ('monthly_orders', 'buyers', 'buyers', '1'),
    ('monthly_orders', 'aov', 'revenue', 'orders'),
    ('monthly_orders', 'orders_per_buyer_month', 'person_orders', 'buyers'),
    ('monthly_orders', 'promotion_dependency', 'discounted_orders', 'person_orders'),
    ('monthly_orders', 'repeat_revenue_share', 'repeat_revenue', 'person_revenue'),
    ('monthly_orders', 'repeat_profit_share', 'repeat_profit', 'profit'),
    ('monthly_orders', 'private_domain_share', 'private_repeat_revenue', 'repeat_revenue'),
    (
        'off_campaign_orders', 'off_campaign_order_ratio',
        'orders_per_outside_day', 'orders_per_inside_day'
    ),
    (
        'monthly_yearly_buyers', 'yearly_repurchase',
        'yearly_orders - yearly_first_orders', 'yearly_buyers'
    ),
    ('monthly_yearly_buyers', 'repurchase_rate', 'yearly_repeat_buyers', 'yearly_buyers'),
    ('monthly_cohorts', 'next_month_retention', 'retained_next_month', 'cohort_members'),
    ('monthly_cohorts', 'half_year_retention', 'retained_half_year', 'cohort_members'),
    ('reactivated_values', 'awakened_aov_lift', 'aov_after', 'aov_before'),
    ('monthly_reactivations', 're_dormancy_rate', 'dormant_again', 'reactivated'),
    ('monthly_activations', 'dormant_activation_rate_21d', 'lapsed_activated_21d', 'lapsed'),
    ('monthly_activations', 'dormant_activation_rate_30d', 'lapsed_activated_30d', 'lapsed'),
    ('monthly_activations', 'at_risk_activation_rate_21d', 'high_risk_activated_21d', 'high_risk'),
    ('monthly_activations', 'at_risk_activation_rate_30d', 'high_risk_activated_30d', 'high_risk'),
    ('monthly_activity', 'active_member_share', 'active_members', 'registered_members'),
] %}
with

monthly_orders as (
    select
        period_start_date,
        dimension_type,
        dimension_value,
        orders,
        person_orders,
        revenue,
        person_revenue,
        repeat_revenue,
        private_repeat_revenue,
        discounted_orders,
        profit,
        repeat_profit,
        buyers,
        inside_orders,
        outside_orders
    from {{ ref('int_kpi__monthly_orders') }}
),

monthly_yearly_buyers as (
    select
        period_start_date,
        dimension_type,
        dimension_value,
        yearly_buyers,
        yearly_orders,
        yearly_first_orders,
        yearly_repeat_buyers
    from {{ ref('int_kpi__monthly_yearly_buyers') }}
),

monthly_cohorts as (
    select
        period_start_date,
        dimension_type,
        dimension_value,
        cohort_members,
        retained_next_month,
        retained_half_year
    from {{ ref('int_kpi__monthly_cohorts') }}
),

monthly_reactivations as (
    select
        period_start_date,
        dimension_type,
        dimension_value,
        reactivated,
        dormant_again,
        orders_before,
        revenue_before,
        orders_after,
        revenue_after
    from {{ ref('int_kpi__monthly_reactivations') }}
),

monthly_activations as (
    select
        period_start_date,
        dimension_type,
        dimension_value,
        lapsed,
        lapsed_activated_21d,
        lapsed_activated_30d,
        high_risk,
        high_risk_activated_21d,
        high_risk_activated_30d
    from {{ ref('int_kpi__monthly_activations') }}
),

monthly_activity as (
    select
        period_start_date,
        dimension_type,
        dimension_value,
        registered_members,
        active_members
    from {{ ref('int_kpi__monthly_activity') }}
),

campaign_days as (
    select
        month_start_date,
        sum(case when is_inside_campaign then 1 else 0 end) as inside_days,
        sum(case when is_inside_campaign then 0 else 1 end) as outside_days
    from {{ ref('int_kpi__campaign_days') }}
    group by month_start_date
),

off_campaign_orders as (
    select
        monthly_orders.period_start_date,
        monthly_orders.dimension_type,
        monthly_orders.dimension_value,
        cast(monthly_orders.outside_orders as double) / nullif(campaign_days.outside_days, 0)
            as orders_per_outside_day,
        cast(monthly_orders.inside_orders as double) / nullif(campaign_days.inside_days, 0)
            as orders_per_inside_day
    from monthly_orders
    inner join campaign_days on monthly_orders.period_start_date = campaign_days.month_start_date
),

reactivated_values as (
    select
        period_start_date,
        dimension_type,
        dimension_value,
        cast(revenue_after as double) / nullif(orders_after, 0) as aov_after,
        cast(revenue_before as double) / nullif(orders_before, 0) as aov_before
    from monthly_reactivations
)
{% for relation, metric_code, numerator, denominator in metrics %}
{{ 'union all' if not loop.first }}
select
    period_start_date,
    '{{ metric_code }}' as metric_code,
    dimension_type,
    dimension_value,
    cast({{ numerator }} as double) as numerator,
    cast({{ denominator }} as double) as denominator
from {{ relation }}
{%- endfor %}
