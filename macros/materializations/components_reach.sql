{# Where the edges of the last build are known: writes which nodes a changed edge reaches, the edges
   between these and the labels of all others. Returns whether it could. #}
{% macro components_reach(target_relation) -%}
    {% set kept = components_part(target_relation, 'kept') %}
    {% set is_delta = not should_full_refresh() and load_cached_relation(this) is not none
        and load_cached_relation(kept) is not none %}
    {% if is_delta %}
        {% for part, part_sql in [('reached', components_reached_sql(target_relation)),
            ('edges_0', components_reached_edges_sql(target_relation)),
            ('stayed', components_stayed_labels_sql(target_relation))] %}
            {% do components_write(target_relation, part, part_sql) %}
        {% endfor %}
    {% endif %}
    {{ return(is_delta) }}
{%- endmacro %}
