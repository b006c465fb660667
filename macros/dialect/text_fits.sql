{% macro text_fits(expression, pattern) -%}
    {{ return(adapter.dispatch('text_fits', 'rekindle')(expression, pattern)) }}
{%- endmacro %}

{% macro default__text_fits(expression, pattern) -%}
    regexp_full_match({{ expression }}, {{ pattern }})
{%- endmacro %}

{% macro spark__text_fits(expression, pattern) -%}
    ({{ expression }} rlike ('^(?:' || {{ pattern }} || ')\\z'))
{%- endmacro %}
