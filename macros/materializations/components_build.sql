{# All rounds, then the table of labels in place of the former one. The edges it was made of are
   kept last, so that they never stand beside labels of other edges. #}
{% macro components_build(target_relation, edges_sql) -%}
    {% do components_first_edges(target_relation, edges_sql) %}
    {% set is_delta = components_reach(target_relation) %}
    {% set first_part = 'edges_0' if is_delta else 'edges' %}
    {% set rounds = components_contract(target_relation, first_part) %}
    {% set labels_sql = components_all_labels_sql(target_relation, rounds, is_delta) %}
    {% do components_keep_edges(target_relation, false) %}
    {% call statement('main') -%}
        {{ create_table_as(false, target_relation, labels_sql) }}
    {%- endcall %}
    {% do components_keep_edges(target_relation, true) %}
    {% do components_drop_rounds(target_relation, rounds) %}
    {% do persist_docs(target_relation, model) %}
{%- endmacro %}
