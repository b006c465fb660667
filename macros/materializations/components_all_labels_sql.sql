{# What the rounds found, and what stayed as it was. #}
{% macro components_all_labels_sql(target_relation, rounds, is_delta) -%}
    {{ components_labels_sql(target_relation, rounds) }}
    {%- if is_delta %}
    union all
    select record_id, component_id from {{ components_part(target_relation, 'stayed') }}
    {%- endif %}
{%- endmacro %}
