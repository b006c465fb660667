{# Materialises the connected components of a graph as a table.
   The model's SQL yields edges of two bigint columns. Every round hooks each node to its smallest
   smaller neighbour, jumps twice and contracts; the edges left go into the next round. #}
{% materialization connected_components, adapter='duckdb' %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {{ run_hooks(pre_hooks) }}
    {% do components_first_edges(target_relation, sql) %}
    {% set rounds = components_contract(target_relation) %}
    {% do drop_relation_if_exists(load_cached_relation(this)) %}
    {% set labels_sql = components_labels_sql(target_relation, rounds) %}
    {% call statement('main') -%}
        {{ create_table_as(false, target_relation, labels_sql) }}
    {%- endcall %}
    {% do components_drop_rounds(target_relation, rounds) %}
    {{ run_hooks(post_hooks) }}
    {% do persist_docs(target_relation, model) %}
    {{ adapter.commit() }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
