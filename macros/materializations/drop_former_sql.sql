{# The first statement of a model that is made anew: away with what stood under its name. #}
{% macro drop_former_sql(former_relation) -%}
    {%- if former_relation is not none -%}
        drop {{ former_relation.type }} if exists {{ former_relation }};
    {%- endif -%}
{%- endmacro %}
