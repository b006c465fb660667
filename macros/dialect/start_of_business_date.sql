{% macro start_of_business_date(day) -%}
    {{ return(adapter.dispatch('start_of_business_date', 'rekindle')(day)) }}
{%- endmacro %}

{% macro default__start_of_business_date(day) -%}
    timezone('UTC', timezone({{ business_zone() }}, cast({{ day }} as timestamp)))
{%- endmacro %}

{% macro spark__start_of_business_date(day) -%}
    convert_timezone({{ business_zone() }}, 'UTC', cast({{ day }} as timestamp_ntz))
{%- endmacro %}
