{% macro text_matched(expression, pattern) -%}
    {{ return(adapter.dispatch('text_matched', 'rekindle')(expression, pattern)) }}
{%- endmacro %}

{% macro default__text_matched(expression, pattern) -%}
    nullif(regexp_extract({{ expression }}, {{ pattern }}, 0), '')
{%- endmacro %}

{% macro spark__text_matched(expression, pattern) -%}
    nullif(regexp_extract({{ expression }}, {{ pattern }}, 0), '')
{%- endmacro %}
