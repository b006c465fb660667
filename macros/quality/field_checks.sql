{# Of each day, how many rows of a CTE each check counts and how many pass it. A check is a list:
   column, dimension, which rows it counts, which of them pass. The first check is of the whole
   table: none of its rows was refused. #}
{% macro field_checks(system, table_name, checks_of_columns) -%}
    {%- set checks = [['(table)', 'validity', 'true', 'true']] + checks_of_columns %}
    select
        counted.check_date, '{{ system }}' as system, '{{ table_name }}' as table_name,
        checks.column_name, checks.dimension,
        {{ by_number('passed', checks) }} as passed_rows,
        {{ by_number('total', checks) }} as total_rows
    from (
        select check_date{% for _, _, counts, passes in checks %},
            count(case when {{ counts }} then 1 end) as total_{{ loop.index }},
            count(case when {{ counts }} and {{ passes }} then 1 end) as passed_{{ loop.index }}
        {%- endfor %} from {{ table_name }} group by check_date
    ) as counted cross join ({{ numbered(checks) }}) as checks
{%- endmacro %}
