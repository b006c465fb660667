{# Spark reads the file of a seed itself: dbt would hand on the word null as nothing. The files are
   those of the project, or where a cluster sees a copy of them (REKINDLE_SPARK_SEEDS). #}
{% macro spark__load_csv_rows(model, agate_table) -%}
    {%- set seeds = env_var('REKINDLE_SPARK_SEEDS', 'file://' ~ model.root_path ~ '/seeds') -%}
    {%- set path = seeds ~ '/' ~ model.original_file_path.partition('/')[2] -%}
    {%- set options = "(header 'true', multiLine 'true', escape '\"', path '" ~ path ~ "')" -%}
    {%- set rows = 'seed_' ~ model.name -%}
    {% do run_query('create or replace temporary view ' ~ rows ~ ' using csv options ' ~ options) %}
    {% set insert_sql -%}
        insert into {{ this }} select
        {%- for name in agate_table.column_names %}
        cast(`{{ name }}` as {{ model.config.column_types[name] }}){{ ',' if not loop.last }}
        {%- endfor %} from {{ rows }}
    {%- endset %}
    {% do run_query(insert_sql) %}
    {{ return(insert_sql) }}
{%- endmacro %}
