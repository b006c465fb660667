{# The next table of a walk, a climb or a search for what trees hook to. #}
{% macro trees_step_sql(part, former) -%}
    {%- if part == 'walk' -%}
    {{ trees_walk_sql(former) }}
    {%- elif part == 'climb' -%}
    {{ trees_climb_sql(former) }}
    {%- else -%}
    {{ trees_tops_sql(former) }}
    {%- endif -%}
{%- endmacro %}
