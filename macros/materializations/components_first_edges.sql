{% macro components_first_edges(target_relation, edges_sql) -%}
    {% set edges = components_round_relation(target_relation, 'edges', 0) %}
    {% do adapter.drop_relation(edges) %}
    {% set first_edges_sql -%}
        select record_id as left_id, hub_record_id as right_id from ({{ edges_sql }}) as given_edges
    {%- endset %}
    {% do run_query(create_table_as(false, edges, first_edges_sql)) %}
{%- endmacro %}
