{# A node leaves the rounds when its component is contracted, so its newest parent is its label:
   round by round, the parent's parent where there is one. #}
{% macro components_labels_sql(target_relation, rounds) -%}
    {% set labels = namespace(newest='parents_0.parent_id') %}
    {% set joins -%}
    {%- for number in range(1, rounds) %}
    {%- set parents = 'parents_' ~ number %}
    left join {{ components_round_relation(target_relation, 'parents', number) }} as {{ parents }}
        on {{ parents }}.node_id = {{ labels.newest }}
    {%- set labels.newest = 'coalesce(' ~ parents ~ '.parent_id, ' ~ labels.newest ~ ')' %}
    {%- endfor %}
    {%- endset %}
    select parents_0.node_id as record_id, {{ labels.newest }} as component_id
    from {{ components_round_relation(target_relation, 'parents', 0) }} as parents_0
    {{ joins }}
{%- endmacro %}
