{% macro business_zone() -%}
    '{{ env_var("REKINDLE_BUSINESS_ZONE", "Asia/Shanghai") }}'
{%- endmacro %}
