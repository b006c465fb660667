{# Edges between nodes that no label reached, from the greater to the smaller node. #}
{% macro nearest_left_sql(edges, reached) -%}
    select edges.unit_id as node_id, edges.neighbour_id as smaller_id
    from {{ edges }} as edges
    left join {{ reached }} as sources on edges.unit_id = sources.node_id
    left join {{ reached }} as targets on edges.neighbour_id = targets.node_id
    where
        edges.unit_id > edges.neighbour_id and sources.node_id is null and targets.node_id is null
    group by edges.unit_id, edges.neighbour_id
{%- endmacro %}
