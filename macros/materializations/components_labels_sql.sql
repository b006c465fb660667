{% macro components_labels_sql(target_relation, rounds) -%}
    select
        parents_0.node_id as record_id,
        {% if rounds > 1 -%}
        coalesce({% for number in range(rounds - 1, 0, -1) %}parents_{{ number }}.parent_id, {% endfor %}parents_0.parent_id)
        {%- else -%} parents_0.parent_id {%- endif %} as component_id
    from {{ components_round_relation(target_relation, 'parents', 0) }} as parents_0
    {%- for number in range(1, rounds) %}
    left join {{ components_round_relation(target_relation, 'parents', number) }} as parents_{{ number }}
        on parents_{{ number }}.node_id = coalesce({% for earlier in range(number - 1, -1, -1) %}parents_{{ earlier }}.parent_id{{ ', ' if earlier > 0 }}{% endfor %})
    {%- endfor %}
{%- endmacro %}
