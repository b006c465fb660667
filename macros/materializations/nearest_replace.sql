{# Writes the labels in place of the former ones and drops the working tables. #}
{% macro nearest_replace(target_relation, levels) -%}
    {% set labels_sql -%}
        select node_id as unit_id, label
        from ({{ nearest_labels_sql(target_relation, 0, levels) }}) as labels
    {%- endset %}
    {% do drop_relation_if_exists(load_cached_relation(this)) %}
    {% call statement('main') -%}
        {{ create_table_as(false, target_relation, labels_sql) }}
    {%- endcall %}
    {% for level in range(levels + 1) %}
        {% for part in ['edges_', 'reached_', 'left_', 'parents_', 'labels_'] %}
            {% do adapter.drop_relation(components_part(target_relation, part ~ level)) %}
        {% endfor %}
    {% endfor %}
    {% do persist_docs(target_relation, model) %}
{%- endmacro %}
