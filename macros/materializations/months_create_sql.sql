{# The hidden column _month cuts the table; models list their columns and never see it. It is text,
   because a Hive metastore cannot look for partitions by date. #}
{% macro months_create_sql(target_relation, model_sql) -%}
    {%- set dated = config.get('meta', {}).get('partition_month_of') -%}
    {%- if dated -%}
        create table {{ target_relation }} using parquet partitioned by (_month) as
        select /*+ rebalance(_month) */ dated_rows.* from (
            select given_rows.*, cast({{ start_of_month(dated) }} as string) as _month
            from ({{ model_sql }}) as given_rows
        ) as dated_rows
    {%- else -%}
        {{ create_table_as(false, target_relation, model_sql) }}
    {%- endif -%}
{%- endmacro %}
