{# Every node that ever hooked, with its parent after the first round. #}
{% macro components_first_parents_sql(target_relation, rounds) -%}
    select node_id, parent_id
    from {{ components_part(target_relation, 'parents_0') }}
    {%- if rounds > 1 %}
    union all
    select node_id, node_id as parent_id
    from ({{ components_late_nodes_sql(target_relation, rounds) }}) as late_nodes
    {%- endif %}
{%- endmacro %}
