{% macro components_round_relation(target_relation, part, number) -%}
    {% set identifier = target_relation.identifier ~ '__' ~ part ~ '_' ~ number %}
    {{ return(target_relation.incorporate(path={'identifier': identifier})) }}
{%- endmacro %}
