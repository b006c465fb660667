{# DuckDB reads the raw lake where it lies. #}
{% macro register_sources() -%}
    {{ return(adapter.dispatch('register_sources', 'rekindle')()) }}
{%- endmacro %}

{% macro default__register_sources() -%}
{%- endmacro %}

{# A table over each folder of the lake. It keeps its columns until a full refresh, which a changed
   contract brings about. #}
{% macro spark__register_sources() -%}
    {% set sources = (graph.sources or {}).values() if flags.WHICH in ('build', 'run') else [] %}
    {% for schema, sources_there in sources | groupby('schema') %}
        {% do run_query('create schema if not exists ' ~ schema) %}
        {% set known = run_query('show tables in ' ~ schema).columns['tableName'].values() %}
        {% for source in sources_there %}
            {% do register_source(source, source.identifier in known) %}
        {% endfor %}
    {% endfor %}
{%- endmacro %}
