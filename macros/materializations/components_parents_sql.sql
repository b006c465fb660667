{% macro components_parents_sql(edges) -%}
    with hooks as (
        select node_id, least(node_id, min(neighbour_id)) as parent_id
        from (
            select left_id as node_id, right_id as neighbour_id from {{ edges }}
            union all
            select right_id as node_id, left_id as neighbour_id from {{ edges }}
        ) as both_directions
        group by node_id
    ),
    jumps as (
        select hooks.node_id, parents.parent_id
        from hooks inner join hooks as parents on hooks.parent_id = parents.node_id
    )
    select jumps.node_id, parents.parent_id
    from jumps inner join jumps as parents on jumps.parent_id = parents.node_id
{%- endmacro %}
