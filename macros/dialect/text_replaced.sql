{% macro text_replaced(expression, pattern, replacement="''") -%}
    {{ return(
        adapter.dispatch('text_replaced', 'rekindle')(expression, pattern, replacement)
    ) }}
{%- endmacro %}

{% macro default__text_replaced(expression, pattern, replacement) -%}
    nullif(regexp_replace({{ expression }}, {{ pattern }}, {{ replacement }}, 'g'), '')
{%- endmacro %}

{% macro spark__text_replaced(expression, pattern, replacement) -%}
    nullif(regexp_replace({{ expression }}, {{ pattern }}, {{ replacement }}), '')
{%- endmacro %}
