{# The smallest node of a component never hooked and is its own label. #}
{% macro components_labels_sql(target_relation, rounds) -%}
    with labels as ({{ components_followed_sql(target_relation, rounds) }})
    select record_id, component_id from labels
    union all
    select component_id as record_id, component_id from labels group by component_id
{%- endmacro %}
