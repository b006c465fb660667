{% macro components_drop_rounds(target_relation, rounds) -%}
    {% for number in range(rounds + 1) %}
        {% for part in ['edges', 'parents'] %}
            {% do adapter.drop_relation(components_round_relation(target_relation, part, number)) %}
        {% endfor %}
    {% endfor %}
{%- endmacro %}
