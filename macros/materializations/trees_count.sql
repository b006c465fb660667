{# How many rows of a working table have something in a column. #}
{% macro trees_count(relation, column) -%}
    {% set count_sql = 'select count(' ~ column ~ ') from ' ~ relation %}
    {{ return(run_query(count_sql).columns[0][0]) }}
{%- endmacro %}
