{# The dimensions of KPIs, first the one that is not divided. #}
{% macro dimensions() -%}
    {{ return(['all', 'first_order_channel', 'register_channel', 'rfm_group', 'lifecycle_stage']) }}
{%- endmacro %}
