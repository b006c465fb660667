{% macro add_months(day, number_of_months) -%}
    {{ return(adapter.dispatch('add_months', 'rekindle')(day, number_of_months)) }}
{%- endmacro %}

{% macro default__add_months(day, number_of_months) -%}
    cast({{ day }} + to_months(cast(floor({{ number_of_months }}) as integer)) as date)
{%- endmacro %}

{% macro spark__add_months(day, number_of_months) -%}
    add_months({{ day }}, cast(floor({{ number_of_months }}) as int))
{%- endmacro %}
