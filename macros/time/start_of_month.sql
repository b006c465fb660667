{% macro start_of_month(day) -%}
    cast(date_trunc('month', {{ day }}) as date)
{%- endmacro %}
