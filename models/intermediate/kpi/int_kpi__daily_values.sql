-- Grain: one row per date, metric and dimension value with something to count
{%- set metrics = [
    ('daily_orders', 'order_count', 'orders', '1'),
    ('daily_orders', 'net_revenue', 'revenue', '1'),
    ('daily_orders', 'buyers', 'buyers', '1'),
    ('daily_orders', 'aov', 'revenue', 'orders'),
    ('daily_orders', 'promotion_dependency', 'discounted_orders', 'person_orders'),
    ('daily_orders', 'repeat_revenue_share', 'repeat_revenue', 'person_revenue'),
    ('daily_orders', 'repeat_profit_share', 'repeat_profit', 'profit'),
    ('daily_orders', 'private_domain_share', 'private_repeat_revenue', 'repeat_revenue'),
    ('daily_activity', 'active_member_share', 'active_members', 'registered_members'),
] %}
with

daily_orders as (
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
        buyers
    from {{ ref('int_kpi__daily_orders') }}
),

daily_activity as (
    select
        period_start_date,
        dimension_type,
        dimension_value,
        registered_members,
        active_members
    from {{ ref('int_kpi__daily_activity') }}
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
