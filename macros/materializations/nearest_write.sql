{# Writes a working table; returns the number of its rows. #}
{% macro nearest_write(target_relation, part, rows_sql) -%}
    {% set relation = components_part(target_relation, part) %}
    {% do adapter.drop_relation(relation) %}
    {% do run_query(create_table_as(false, relation, rows_sql)) %}
    {{ return(run_query('select count(*) from ' ~ relation).columns[0][0]) }}
{%- endmacro %}
