{# What a delete and an insert by the unique key would leave, month by month. The changes are
   written aside first, because they are read from the table that they change. #}
{% macro months_of_changes_rewritten(target_relation, model_sql) -%}
    {% set aside = target_relation.identifier ~ '__changes' %}
    {% set changes = target_relation.incorporate(path={'identifier': aside}) %}
    {% do adapter.drop_relation(changes) %}
    {% do run_query(months_create_sql(changes, model_sql)) %}
    {% set touched = months_touched(target_relation, changes) %}
    {% do months_drop_empty(target_relation, touched) %}
    {% set months = touched | map(attribute=0) | list %}
    {% do run_query(months_rewrite_sql(target_relation, changes, months)) if months %}
    {% do adapter.drop_relation(changes) %}
{%- endmacro %}
