{% macro is_incremental() -%}
    {{ return(adapter.dispatch('is_incremental', 'rekindle')()) }}
{%- endmacro %}

{% macro default__is_incremental() -%}
    {{ return(dbt.is_incremental()) }}
{%- endmacro %}

{# Parquet tables have no delete: only a model that is a log, or says by which month it can be cut,
   keeps rows. #}
{% macro spark__is_incremental() -%}
    {{ return(dbt.is_incremental() and (
        'partition_month_of' in (model.config.meta or {})
        or model.config.incremental_strategy == 'append'
    )) }}
{%- endmacro %}
