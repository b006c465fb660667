{# Writes a working table and returns it. #}
{% macro components_write(target_relation, part, rows_sql) -%}
    {% set relation = components_part(target_relation, part) %}
    {% do adapter.drop_relation(relation) %}
    {% do run_query(create_table_as(false, relation, rows_sql)) %}
    {{ return(relation) }}
{%- endmacro %}
