{# The additive measures of int_kpi__order_days. #}
{% macro order_measures() -%}
    {{ return([
        'orders', 'person_orders', 'revenue', 'person_revenue', 'repeat_revenue',
        'private_repeat_revenue', 'discounted_orders', 'profit', 'repeat_profit',
    ]) }}
{%- endmacro %}
