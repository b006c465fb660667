{# Contracts round by round, from the edges of a part on, until none is left; returns the number of
   rounds. #}
{% macro components_contract(target_relation, first_part) -%}
    {% set progress = namespace(rounds=0, part=first_part) %}
    {% for number in range(1, 65) if progress.part %}
        {% set edges = components_part(target_relation, progress.part) %}
        {% set parents_sql = components_parents_sql(edges) %}
        {% set parents_part = 'parents_' ~ (number - 1) %}
        {% set parents = components_write(target_relation, parents_part, parents_sql) %}
        {% set next_edges_sql = components_contracted_edges_sql(edges, parents) %}
        {% set next_edges = components_write(target_relation, 'edges_' ~ number, next_edges_sql) %}
        {% set left = run_query('select count(*) from ' ~ next_edges).columns[0][0] %}
        {% set progress.rounds, progress.part = number, 'edges_' ~ number if left else none %}
    {% endfor %}
    {{ return(progress.rounds) }}
{%- endmacro %}
