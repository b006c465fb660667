{# One row per check, with its number, column and dimension. #}
{% macro numbered(checks) -%}
    {%- for column, dimension, _, _ in checks %}
    select
        {{ loop.index }} as check_number,
        '{{ column }}' as column_name,
        '{{ dimension }}' as dimension
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
{%- endmacro %}
