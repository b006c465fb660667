{% macro date_series(first_day, last_day, step='day') -%}
    {{ return(adapter.dispatch('date_series', 'rekindle')(first_day, last_day, step)) }}
{%- endmacro %}

{% macro default__date_series(first_day, last_day, step) -%}
    cast(
        unnest(generate_series(
            cast({{ first_day }} as timestamp),
            cast({{ last_day }} as timestamp),
            interval 1 {{ step }}
        )) as date
    )
{%- endmacro %}

{# Spark refuses a series whose end lies before its beginning. #}
{% macro spark__date_series(first_day, last_day, step) -%}
    explode(
        case
            when {{ first_day }} <= {{ last_day }}
                then sequence({{ first_day }}, {{ last_day }}, interval 1 {{ step }})
        end
    )
{%- endmacro %}
