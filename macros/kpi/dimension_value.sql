{# Nobody is unknown in every dimension; a person without a channel, group or stage has none. #}
{% macro dimension_value(dimension) -%}
    {%- if dimension == 'all' -%} 'all'
    {%- elif dimension == 'register_channel' -%} coalesce(states.register_channel, 'unknown')
    {%- else -%}
    coalesce(
        states.{{ dimension }}, case when measures.one_id is null then 'unknown' else 'none' end
    )
    {%- endif -%}
{%- endmacro %}
