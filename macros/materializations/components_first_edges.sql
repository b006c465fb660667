{# Edges lead from the greater to the smaller node, here and in every round. #}
{% macro components_first_edges(target_relation, edges_sql) -%}
    {% set first_edges_sql -%}
        select
            greatest(record_id, hub_record_id) as node_id,
            least(record_id, hub_record_id) as smaller_id
        from ({{ edges_sql }}) as given_edges
        where record_id <> hub_record_id
    {%- endset %}
    {% do components_write(target_relation, 'edges', first_edges_sql) %}
{%- endmacro %}
