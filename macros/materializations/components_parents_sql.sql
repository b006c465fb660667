{# A node without smaller neighbour has no row: it is its own parent. #}
{% macro components_parents_sql(edges) -%}
    with hooks as (
        select node_id, min(smaller_id) as parent_id from {{ edges }} group by node_id
    ),
    jumps as (
        select hooks.node_id, coalesce(parents.parent_id, hooks.parent_id) as parent_id
        from hooks left join hooks as parents on hooks.parent_id = parents.node_id
    )
    select jumps.node_id, coalesce(parents.parent_id, jumps.parent_id) as parent_id
    from jumps left join jumps as parents on jumps.parent_id = parents.node_id
{%- endmacro %}
