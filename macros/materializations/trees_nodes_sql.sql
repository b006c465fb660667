{# The side of an edge that is walked first leads downwards. Steps are told as those before the end,
   so that later ones are greater. #}
{% macro trees_nodes_sql(tree, walk) -%}
    select down.to_id as node_id, down.from_id as parent_id,
        -down.steps as entry_step, -up.steps as exit_step
    from {{ walk }} as down
    inner join {{ walk }} as up on down.from_id = up.to_id and down.to_id = up.from_id
    where down.steps > up.steps
    union all
    select walk.from_id as node_id, cast(null as bigint) as parent_id,
        -max(walk.steps) - 1 as entry_step, cast(0 as bigint) as exit_step
    from {{ walk }} as walk left join {{ tree }} as tree on walk.from_id = tree.node_id
    where tree.node_id is null
    group by walk.from_id
{%- endmacro %}
