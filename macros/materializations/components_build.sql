{# All rounds, then the table of labels in place of the former one. #}
{% macro components_build(target_relation, edges_sql) -%}
    {% do components_first_edges(target_relation, edges_sql) %}
    {% set rounds = components_contract(target_relation) %}
    {% do drop_relation_if_exists(load_cached_relation(this)) %}
    {% set labels_sql = components_labels_sql(target_relation, rounds) %}
    {% call statement('main') -%}
        {{ create_table_as(false, target_relation, labels_sql) }}
    {%- endcall %}
    {% do components_drop_rounds(target_relation, rounds) %}
    {% do persist_docs(target_relation, model) %}
{%- endmacro %}
