{% macro components_contracted_edges_sql(edges, parents) -%}
    select left_parents.parent_id as left_id, right_parents.parent_id as right_id
    from {{ edges }} as edges
    inner join {{ parents }} as left_parents on edges.left_id = left_parents.node_id
    inner join {{ parents }} as right_parents on edges.right_id = right_parents.node_id
    where left_parents.parent_id <> right_parents.parent_id
    group by left_parents.parent_id, right_parents.parent_id
{%- endmacro %}
