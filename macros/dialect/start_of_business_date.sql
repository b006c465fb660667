{% macro start_of_business_date(day) -%}
    {{ return(adapter.dispatch('start_of_business_date', 'rekindle')(day)) }}
{%- endmacro %}

{# Where clocks go back at midnight the date has two of them, of which DuckDB takes the second. #}
{% macro default__start_of_business_date(day) -%}
    {%- set midnight = "timezone(" ~ business_zone() ~ ", cast(" ~ day ~ " as timestamp))" -%}
    {%- set hour_before = midnight ~ " - interval 1 hour" -%}
    timezone('UTC', case
        when timezone({{ business_zone() }}, {{ hour_before }}) >= {{ day }} then {{ hour_before }}
        else {{ midnight }}
    end)
{%- endmacro %}

{% macro spark__start_of_business_date(day) -%}
    convert_timezone({{ business_zone() }}, 'UTC', cast({{ day }} as timestamp_ntz))
{%- endmacro %}
