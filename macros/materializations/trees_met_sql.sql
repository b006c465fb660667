{# What each node is and meets by itself, with its parent as the first ancestor. #}
{% macro trees_met_sql(edges, nodes) -%}
    select
        nodes.node_id, nodes.parent_id, nodes.entry_step, nodes.exit_step,
        nodes.parent_id as ancestor_id, coalesce(nodes.parent_id, nodes.node_id) as root_id,
        met.least_step, met.greatest_step, met.is_record as records
    from {{ nodes }} as nodes
    inner join (
        select sides.from_id, max(sides.is_record) as is_record,
            min(others.entry_step) as least_step, max(others.entry_step) as greatest_step
        from ({{ trees_sides_sql(edges) }}) as sides
        inner join {{ nodes }} as others on sides.to_id = others.node_id
        group by sides.from_id
    ) as met on nodes.node_id = met.from_id
{%- endmacro %}
