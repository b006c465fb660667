{% macro key_number(expression) -%}
    {{ return(adapter.dispatch('key_number', 'rekindle')(expression)) }}
{%- endmacro %}

{% macro default__key_number(expression) -%}
    cast('0x' || substr(md5({{ expression }}), 1, 15) as bigint)
{%- endmacro %}

{% macro spark__key_number(expression) -%}
    cast(conv(substr(md5({{ expression }}), 1, 15), 16, 10) as bigint)
{%- endmacro %}
