{# Literals, so that Spark opens no other month. #}
{% macro months_condition(months) -%}
    {%- set dated = months | reject('none') | map('string') | join("', '") -%}
    (
        {%- if none in months %}_month is null{{ ' or ' if dated }}{% endif -%}
        {%- if dated %}_month in ('{{ dated }}'){% endif -%}
    )
{%- endmacro %}
