{# Nodes without a smaller neighbour at first that hooked to another in a later round. #}
{% macro components_late_nodes_sql(target_relation, rounds) -%}
    select later.node_id from (
        {%- for number in range(1, rounds) %}
        select node_id from {{ components_part(target_relation, 'parents_' ~ number) }}
        {{- ' union' if not loop.last }}
        {%- endfor %}
    ) as later
    left join {{ components_part(target_relation, 'parents_0') }} as earliest
        on later.node_id = earliest.node_id
    where earliest.node_id is null
{%- endmacro %}
