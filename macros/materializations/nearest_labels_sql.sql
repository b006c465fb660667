{# The label of every node of a level: reached in it, or that of its node in the next level. #}
{% macro nearest_labels_sql(target_relation, level, levels) -%}
    select node_id, label from {{ components_part(target_relation, 'reached_' ~ level) }}
    {%- if level + 1 < levels %}
    {%- set part = 'labels_' if level + 2 < levels else 'reached_' %}
    {%- set next = components_part(target_relation, part ~ (level + 1)) %}
    union
    select node_id, label from {{ next }}
    union
    select parents.node_id, next_labels.label
    from {{ components_part(target_relation, 'parents_' ~ level) }} as parents
    inner join {{ next }} as next_labels on parents.parent_id = next_labels.node_id
    {%- endif %}
{%- endmacro %}
