{# A node leaves the rounds when it hooks to another, so its newest parent is its label: round by
   round, the parent's parent where there is one. #}
{% macro components_followed_sql(target_relation, rounds) -%}
    {%- set labels = namespace(newest='first_parents.parent_id', joins='') %}
    {%- for number in range(1, rounds) %}
    {%- set parents = 'parents_' ~ number %}
    {%- set relation = components_part(target_relation, 'parents_' ~ number) %}
    {%- set condition = parents ~ '.node_id = ' ~ labels.newest %}
    {%- set joined = [' left join', relation, 'as', parents, 'on', condition] | join(' ') %}
    {%- set labels.joins = labels.joins ~ joined %}
    {%- set labels.newest = 'coalesce(' ~ parents ~ '.parent_id, ' ~ labels.newest ~ ')' %}
    {%- endfor %}
    select first_parents.node_id as record_id, {{ labels.newest }} as component_id
    from ({{ components_first_parents_sql(target_relation, rounds) }}) as first_parents
    {{ labels.joins }}
{%- endmacro %}
