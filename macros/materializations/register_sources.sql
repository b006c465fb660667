{# DuckDB reads the raw lake where it lies. #}
{% macro register_sources() -%}
    {{ return(adapter.dispatch('register_sources', 'rekindle')()) }}
{%- endmacro %}

{% macro default__register_sources() -%}
{%- endmacro %}

{# A table over each folder of the lake. It keeps its columns until a full refresh, which a changed
   contract brings about. #}
{% macro spark__register_sources() -%}
    {% for source in (graph.sources or {}).values() if flags.WHICH in ('build', 'run') %}
        {% set relation = api.Relation.create(schema=source.schema, identifier=source.identifier) %}
        {% set location = source.config.meta.external_location.replace('{name}', source.name) %}
        {% do run_query('create schema if not exists ' ~ source.schema) %}
        {% if flags.FULL_REFRESH %}{% do run_query('drop table if exists ' ~ relation) %}{% endif %}
        {% set what = " using parquet location '" ~ location.rpartition('/')[0] ~ "'" %}
        {% do run_query('create table if not exists ' ~ relation ~ what) %}
        {% do run_query('refresh table ' ~ relation) if target.method != 'session' %}
    {% endfor %}
{%- endmacro %}
