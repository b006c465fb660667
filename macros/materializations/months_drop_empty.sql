{# A month without a row left would not be overwritten, because nothing is written into it. #}
{% macro months_drop_empty(target_relation, touched) -%}
    {% for month, is_left in touched if not is_left %}
        {% set value = 'null' if month is none else "'" ~ month ~ "'" %}
        {% set what = ' drop if exists partition (_month = ' ~ value ~ ')' %}
        {% do run_query('alter table ' ~ target_relation ~ what) %}
    {% endfor %}
{%- endmacro %}
