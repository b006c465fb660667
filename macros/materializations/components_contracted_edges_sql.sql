{% macro components_contracted_edges_sql(edges, parents) -%}
    select greatest(left_id, right_id) as node_id, least(left_id, right_id) as smaller_id
    from (
        select
            left_parents.parent_id as left_id,
            coalesce(right_parents.parent_id, edges.smaller_id) as right_id
        from {{ edges }} as edges
        inner join {{ parents }} as left_parents on edges.node_id = left_parents.node_id
        left join {{ parents }} as right_parents on edges.smaller_id = right_parents.node_id
    ) as ends
    where left_id <> right_id
    group by greatest(left_id, right_id), least(left_id, right_id)
{%- endmacro %}
