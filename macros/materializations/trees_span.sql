{# Joins trees, at first single nodes, by an edge each, until no edge leads from one to another;
   returns the table of these edges. The root of a tree is its smallest node; every other node is
   hooked once. #}
{% macro trees_span(target_relation, edges) -%}
    {% set links = components_write(target_relation, 'links_0', trees_first_links_sql(edges)) %}
    {% set progress = namespace(links=links, hooks=[], left=1) %}
    {% for number in range(64) if progress.left %}
        {% set hooks_sql = trees_hooks_sql(progress.links) %}
        {% set hooks = components_write(target_relation, 'hooks_' ~ number, hooks_sql) %}
        {% do progress.hooks.append(hooks) %}
        {% set progress.links = trees_join(target_relation, progress.links, progress.hooks) %}
        {% set progress.left = trees_count(progress.links, 'node_id') %}
    {% endfor %}
    {% set tree_sql = 'select * from ' ~ progress.hooks | join(' union all select * from ') %}
    {% set tree = components_write(target_relation, 'tree', tree_sql) %}
    {% do trees_drop(progress.hooks + [progress.links]) %}
    {{ return(tree) }}
{%- endmacro %}
