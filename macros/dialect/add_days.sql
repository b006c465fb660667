{% macro add_days(day, number_of_days) -%}
    {{ return(adapter.dispatch('add_days', 'rekindle')(day, number_of_days)) }}
{%- endmacro %}

{% macro default__add_days(day, number_of_days) -%}
    cast({{ day }} + cast(floor({{ number_of_days }}) as integer) as date)
{%- endmacro %}

{% macro spark__add_days(day, number_of_days) -%}
    date_add({{ day }}, cast(floor({{ number_of_days }}) as int))
{%- endmacro %}
