{% macro sums(measures) -%}
    {%- for measure in measures %}
    sum(measures.{{ measure }}) as {{ measure }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
