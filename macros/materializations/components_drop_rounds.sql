{% macro components_drop_rounds(target_relation, rounds) -%}
    {% for number in range(rounds + 1) %}
        {% do adapter.drop_relation(components_round_relation(target_relation, 'edges', number)) %}
        {% do adapter.drop_relation(components_round_relation(target_relation, 'parents', number)) %}
    {% endfor %}
{%- endmacro %}
