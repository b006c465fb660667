{# Makes neighbours that no label reached one node of the next level; returns whether there are any
   to reach. #}
{% macro nearest_contract(target_relation, level) -%}
    {% set edges = components_part(target_relation, 'edges_' ~ level) %}
    {% set reached = components_part(target_relation, 'reached_' ~ level) %}
    {% set left = components_part(target_relation, 'left_' ~ level) %}
    {% set parents = components_part(target_relation, 'parents_' ~ level) %}
    {% do nearest_write(target_relation, 'left_' ~ level, nearest_left_sql(edges, reached)) %}
    {% do nearest_write(target_relation, 'parents_' ~ level, components_parents_sql(left)) %}
    {% set next_edges_sql = nearest_edges_sql(edges, reached, parents) %}
    {{ return(nearest_write(target_relation, 'edges_' ~ (level + 1), next_edges_sql) > 0) }}
{%- endmacro %}
