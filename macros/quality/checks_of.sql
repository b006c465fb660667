{# Checks of one dimension, the same for several columns; uniqueness reads <column>_holders,
   validity <column>_status, consistency is_<column>_known. #}
{% macro checks_of(dimension, columns) -%}
    {%- set counts, passes = {
        'completeness': ['true', '# is not null'],
        'validity': ['#_status is not null', "#_status = 'usable'"],
        'uniqueness': ['#_holders is not null', '#_holders = 1'],
        'consistency': ['# is not null', 'is_#_known'],
    }[dimension] -%}
    {%- set checks = [] -%}
    {%- for column in columns -%}
        {%- set conditions = [counts | replace('#', column), passes | replace('#', column)] -%}
        {%- do checks.append([column, dimension] + conditions) -%}
    {%- endfor -%}
    {{ return(checks) }}
{%- endmacro %}
