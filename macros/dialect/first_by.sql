{% macro first_by(expression, order_by) -%}
    {{ return(adapter.dispatch('first_by', 'rekindle')(expression, order_by)) }}
{%- endmacro %}

{% macro default__first_by(expression, order_by) -%}
    arg_min({{ expression }}, {{ order_by }})
{%- endmacro %}

{% macro spark__first_by(expression, order_by) -%}
    min_by({{ expression }}, {{ order_by }})
{%- endmacro %}
