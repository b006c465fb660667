{# Forgets labels and edges of the last build, or keeps the edges of this one. #}
{% macro components_keep_edges(target_relation, is_done) -%}
    {% set kept = components_part(target_relation, 'kept') %}
    {% if is_done %}
        {% set edges_sql = 'select * from ' ~ components_part(target_relation, 'edges') %}
        {% do run_query(create_table_as(false, kept, edges_sql)) %}
    {% else %}
        {% do adapter.drop_relation(kept) %}
        {% do drop_relation_if_exists(load_cached_relation(this)) %}
    {% endif %}
{%- endmacro %}
