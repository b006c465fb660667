{# Contracts round by round until no edge is left; returns the number of rounds. #}
{% macro components_contract(target_relation) -%}
    {% set progress = namespace(rounds=0, edges_left=true) %}
    {% for number in range(64) if progress.edges_left %}
        {% set edges = components_round_relation(target_relation, 'edges', number) %}
        {% set parents = components_round_relation(target_relation, 'parents', number) %}
        {% set next_edges = components_round_relation(target_relation, 'edges', number + 1) %}
        {% do adapter.drop_relation(parents) %}
        {% do adapter.drop_relation(next_edges) %}
        {% do run_query(create_table_as(false, parents, components_parents_sql(edges))) %}
        {% set next_edges_sql = components_contracted_edges_sql(edges, parents) %}
        {% do run_query(create_table_as(false, next_edges, next_edges_sql)) %}
        {% set progress.rounds = number + 1 %}
        {% set counted = run_query('select count(*) from ' ~ next_edges) %}
        {% set progress.edges_left = counted.columns[0][0] > 0 %}
    {% endfor %}
    {{ return(progress.rounds) }}
{%- endmacro %}
