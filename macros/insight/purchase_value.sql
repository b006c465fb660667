{% macro purchase_value(purchases, past_revenue, unit) -%}
    cast(p * (v * {{ unit }} + {{ past_revenue }}) as double)
    / nullif(p * {{ purchases }} + q - 1, 0)
{%- endmacro %}
