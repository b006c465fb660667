{% macro components_drop_rounds(target_relation, rounds) -%}
    {% for part in ['edges', 'reached', 'stayed'] %}
        {% do adapter.drop_relation(components_part(target_relation, part)) %}
    {% endfor %}
    {% for number in range(rounds + 1) %}
        {% for part in ['edges_', 'parents_'] %}
            {% do adapter.drop_relation(components_part(target_relation, part ~ number)) %}
        {% endfor %}
    {% endfor %}
{%- endmacro %}
