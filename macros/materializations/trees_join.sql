{# Makes trees that hook to each other one; returns the table of the links that are left. #}
{% macro trees_join(target_relation, links, hooks) -%}
    {% set first_sql = trees_tops_sql(hooks | last) %}
    {% set tops = trees_repeat(target_relation, 'tops', first_sql, 'next_id') %}
    {% set links_sql = trees_links_sql(links, tops) %}
    {% set left = components_write(target_relation, 'links_' ~ hooks | length, links_sql) %}
    {% do trees_drop([links, tops]) %}
    {{ return(left) }}
{%- endmacro %}
