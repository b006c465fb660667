{# Drops working tables. #}
{% macro trees_drop(relations) -%}
    {% for relation in relations %}
        {% do adapter.drop_relation(relation) %}
    {% endfor %}
{%- endmacro %}
