{% macro components_part(target_relation, part) -%}
    {% set identifier = target_relation.identifier ~ '__' ~ part %}
    {{ return(target_relation.incorporate(path={'identifier': identifier})) }}
{%- endmacro %}
