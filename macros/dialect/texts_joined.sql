{% macro texts_joined(expression) -%}
    {{ return(adapter.dispatch('texts_joined', 'rekindle')(expression)) }}
{%- endmacro %}

{% macro default__texts_joined(expression) -%}
    string_agg({{ expression }}, ' ' order by {{ expression }})
{%- endmacro %}

{% macro spark__texts_joined(expression) -%}
    case
        when count({{ expression }}) > 0
            then array_join(array_sort(collect_list({{ expression }})), ' ')
    end
{%- endmacro %}
