{# Spark reads the file of a seed itself: dbt would hand on the word null as nothing. The files are
   those of the project, or where a cluster sees a copy of them (REKINDLE_SPARK_SEEDS). Columns that
   are told need no job that reads them; Spark refuses a file that names others. #}
{% macro spark__load_csv_rows(model, agate_table) -%}
    {%- set seeds = env_var('REKINDLE_SPARK_SEEDS', 'file://' ~ model.root_path ~ '/seeds') -%}
    {%- set path = seeds ~ '/' ~ model.original_file_path.partition('/')[2] -%}
    {%- set options = "header 'true', enforceSchema 'false', multiLine 'true', escape '\"'" -%}
    {%- set rows = 'seed_' ~ model.name -%}
    {%- set columns = '(`' ~ agate_table.column_names | join('` string, `') ~ '` string)' -%}
    {% do run_query('create or replace temporary view ' ~ rows ~ columns ~ ' using csv options ('
        ~ options ~ ", path '" ~ path ~ "')") %}
    {% set insert_sql -%}
        insert into {{ this }} select
        {%- for name in agate_table.column_names %}
        cast(`{{ name }}` as {{ model.config.column_types[name] }}){{ ',' if not loop.last }}
        {%- endfor %} from {{ rows }}
    {%- endset %}
    {% do run_query(insert_sql) %}
    {{ return(insert_sql) }}
{%- endmacro %}
