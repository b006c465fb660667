{% macro array_of(expression) -%}
    {{ return(adapter.dispatch('array_of', 'rekindle')(expression)) }}
{%- endmacro %}

{% macro default__array_of(expression) -%}
    array_agg({{ expression }}) filter (where {{ expression }} is not null)
{%- endmacro %}

{% macro spark__array_of(expression) -%}
    collect_list({{ expression }})
{%- endmacro %}
