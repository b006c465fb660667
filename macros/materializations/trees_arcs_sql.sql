{# Either side of each edge, and the one after it: who came to a node goes on to the neighbour after
   the one it came from, from the last one to the first, but at the root to nowhere. #}
{% macro trees_arcs_sql(tree) -%}
    select
        turns.to_id as from_id, turns.from_id as to_id, turns.from_id as next_from_id,
        coalesce(later_id, case when tree.node_id is not null then first_id end) as next_to_id,
        cast(1 as bigint) as steps
    from (
        select from_id, to_id, min(to_id) over (partition by from_id) as first_id,
            lead(to_id) over (partition by from_id order by to_id) as later_id
        from ({{ trees_sides_sql(tree) }}) as sides
    ) as turns
    left join {{ tree }} as tree on turns.from_id = tree.node_id
{%- endmacro %}
