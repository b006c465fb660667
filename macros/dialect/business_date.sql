{% macro business_date(instant) -%}
    {{ return(adapter.dispatch('business_date', 'rekindle')(instant)) }}
{%- endmacro %}

{% macro default__business_date(instant) -%}
    cast(timezone({{ business_zone() }}, timezone('UTC', {{ instant }})) as date)
{%- endmacro %}

{% macro spark__business_date(instant) -%}
    cast(convert_timezone('UTC', {{ business_zone() }}, {{ instant }}) as date)
{%- endmacro %}
