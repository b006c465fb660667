{# The edges of the next level, those from labelled nodes included. #}
{% macro nearest_edges_sql(edges, reached, parents) -%}
    select unit_id, neighbour_id, label, link_rank, min(days_apart) as days_apart
    from (
        select
            coalesce(source_parents.parent_id, edges.unit_id) as unit_id,
            coalesce(target_parents.parent_id, edges.neighbour_id) as neighbour_id,
            sources.label, edges.link_rank, edges.days_apart
        from {{ edges }} as edges
        left join {{ reached }} as sources on edges.unit_id = sources.node_id
        left join {{ reached }} as targets on edges.neighbour_id = targets.node_id
        left join {{ parents }} as source_parents on edges.unit_id = source_parents.node_id
        left join {{ parents }} as target_parents on edges.neighbour_id = target_parents.node_id
        where targets.node_id is null
    ) as next_edges
    where unit_id <> neighbour_id
    group by unit_id, neighbour_id, label, link_rank
{%- endmacro %}
