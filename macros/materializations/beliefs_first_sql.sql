{# Everything that is believed, as the first belief of its kind. #}
{% macro beliefs_first_sql(snapshot_sql) -%}
    select beliefs.*, cast(1 as bigint) as _belief_number, false as _is_end
    from ({{ snapshot_sql }}) as beliefs
{%- endmacro %}
