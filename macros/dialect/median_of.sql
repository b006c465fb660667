{% macro median_of(expression) -%}
    {{ return(adapter.dispatch('median_of', 'rekindle')(expression)) }}
{%- endmacro %}

{% macro default__median_of(expression) -%}
    quantile_cont(cast({{ expression }} as double), 0.5)
{%- endmacro %}

{% macro spark__median_of(expression) -%}
    percentile(cast({{ expression }} as double), 0.5)
{%- endmacro %}
