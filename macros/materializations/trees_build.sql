{# Edges of the trees, the walk along them, and the climb from every node to its root. #}
{% macro trees_build(target_relation, edges_sql) -%}
    {% set edges = components_write(target_relation, 'edges', edges_sql) %}
    {% set tree = trees_span(target_relation, edges) %}
    {% set arcs_sql = trees_arcs_sql(tree) %}
    {% set walk = trees_repeat(target_relation, 'walk', arcs_sql, 'next_to_id') %}
    {% set nodes = components_write(target_relation, 'nodes', trees_nodes_sql(tree, walk)) %}
    {% set met_sql = trees_met_sql(edges, nodes) %}
    {% set climb = trees_repeat(target_relation, 'climb', met_sql, 'ancestor_id') %}
    {% do trees_replace(target_relation, climb) %}
    {% do trees_drop([edges, tree, walk, nodes, climb]) %}
{%- endmacro %}
