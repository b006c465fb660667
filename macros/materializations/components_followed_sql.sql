{# A node leaves the rounds when it hooks to another, so its newest parent is its label: round by
   round, the parent's parent where there is one. #}
{% macro components_followed_sql(target_relation, rounds) -%}
    {%- set labels = namespace(newest='first_parents.parent_id', joins='') %}
    {%- for number in range(1, rounds) %}
    {%- set parents = 'parents_' ~ number %}
    {%- set relation = components_round_relation(target_relation, 'parents', number) %}
    {%- set joined = ' left join ' ~ relation ~ ' as ' ~ parents %}
    {%- set labels.joins = labels.joins ~ joined ~ ' on ' ~ labels.newest ~ ' = '
        ~ parents ~ '.node_id' %}
    {%- set labels.newest = 'coalesce(' ~ parents ~ '.parent_id, ' ~ labels.newest ~ ')' %}
    {%- endfor %}
    select first_parents.node_id as record_id, {{ labels.newest }} as component_id
    from ({{ components_first_parents_sql(target_relation, rounds) }}) as first_parents
    {{ labels.joins }}
{%- endmacro %}
