{# Nodes that have a label, or those that are reached a hop further. #}
{% macro nearest_hop_sql(target_relation, level, hop) -%}
    {% set edges = components_part(target_relation, 'edges_' ~ level) %}
    {% if hop == 0 %}
    select unit_id as node_id, min(label) as label
    from {{ edges }}
    where label is not null
    group by unit_id
    {% else %}
    {{ nearest_next_hop_sql(
        edges,
        components_part(target_relation, 'hop_' ~ (hop - 1)),
        components_part(target_relation, 'hop_' ~ [hop - 2, 0] | max)
    ) }}
    {% endif %}
{%- endmacro %}
