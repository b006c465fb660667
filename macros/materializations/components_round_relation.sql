{% macro components_round_relation(target_relation, part, number) -%}
    {{ return(target_relation.incorporate(path={'identifier': target_relation.identifier ~ '__' ~ part ~ '_' ~ number})) }}
{%- endmacro %}
