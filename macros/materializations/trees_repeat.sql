{# Takes steps, each a table of its own, until no row has anything in the column that says where it
   goes next; returns the last table. #}
{% macro trees_repeat(target_relation, part, first_sql, next_column) -%}
    {% set newest = components_write(target_relation, part ~ '_0', first_sql) %}
    {% set progress = namespace(newest=newest, left=trees_count(newest, next_column)) %}
    {% for number in range(1, 65) if progress.left %}
        {% set former = progress.newest %}
        {% set part_sql = trees_step_sql(part, former) %}
        {% set progress.newest = components_write(target_relation, part ~ '_' ~ number, part_sql) %}
        {% set progress.left = trees_count(progress.newest, next_column) %}
        {% do adapter.drop_relation(former) %}
    {% endfor %}
    {{ return(progress.newest) }}
{%- endmacro %}
