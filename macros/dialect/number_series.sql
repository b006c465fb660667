{% macro number_series(first_number, last_number) -%}
    {{ return(adapter.dispatch('number_series', 'rekindle')(first_number, last_number)) }}
{%- endmacro %}

{% macro default__number_series(first_number, last_number) -%}
    unnest(generate_series({{ first_number }}, {{ last_number }}))
{%- endmacro %}

{# Spark would count down where the end lies before the beginning. #}
{% macro spark__number_series(first_number, last_number) -%}
    explode(
        case
            when {{ first_number }} <= {{ last_number }}
                then sequence({{ first_number }}, {{ last_number }})
        end
    )
{%- endmacro %}
