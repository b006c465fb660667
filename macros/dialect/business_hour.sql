{% macro business_hour(instant) -%}
    {{ return(adapter.dispatch('business_hour', 'rekindle')(instant)) }}
{%- endmacro %}

{% macro default__business_hour(instant) -%}
    cast(
        extract(hour from timezone({{ business_zone() }}, timezone('UTC', {{ instant }})))
        as integer
    )
{%- endmacro %}

{% macro spark__business_hour(instant) -%}
    cast(
        extract(hour from convert_timezone('UTC', {{ business_zone() }}, {{ instant }}))
        as integer
    )
{%- endmacro %}
