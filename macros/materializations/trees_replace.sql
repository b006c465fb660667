{# Writes the trees in place of the former ones. #}
{% macro trees_replace(target_relation, climb) -%}
    {% set nodes_sql -%}
        select
            node_id, parent_id, root_id, entry_step, exit_step, least_step, greatest_step, records
        from {{ climb }}
    {%- endset %}
    {% do drop_relation_if_exists(load_cached_relation(this)) %}
    {% call statement('main') -%}
        {{ create_table_as(false, target_relation, nodes_sql) }}
    {%- endcall %}
    {% do persist_docs(target_relation, model) %}
{%- endmacro %}
