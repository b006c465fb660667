{# An edge whose greater node is reached has both nodes reached. #}
{% macro components_reached_edges_sql(target_relation) -%}
    select edges.node_id, edges.smaller_id
    from {{ components_part(target_relation, 'edges') }} as edges
    inner join {{ components_part(target_relation, 'reached') }} as reached
        on edges.node_id = reached.node_id
{%- endmacro %}
