{# Writes a working table; returns the number of its rows. #}
{% macro nearest_write(target_relation, part, rows_sql) -%}
    {% set relation = components_write(target_relation, part, rows_sql) %}
    {{ return(run_query('select count(*) from ' ~ relation).columns[0][0]) }}
{%- endmacro %}
