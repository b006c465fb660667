{% macro each_of(array) -%}
    {{ return(adapter.dispatch('each_of', 'rekindle')(array)) }}
{%- endmacro %}

{% macro default__each_of(array) -%}
    unnest({{ array }})
{%- endmacro %}

{% macro spark__each_of(array) -%}
    explode({{ array }})
{%- endmacro %}
