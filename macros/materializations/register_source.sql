{# Columns are read from the files once; a session that has read the table is told of new files. #}
{% macro register_source(source, is_known) -%}
    {% set relation = api.Relation.create(schema=source.schema, identifier=source.identifier) %}
    {% set pattern = source.config.meta.external_location.replace('{name}', source.name) %}
    {% set what = " using parquet location '" ~ pattern.rpartition('/')[0] ~ "'" %}
    {% do run_query('drop table ' ~ relation) if is_known and flags.FULL_REFRESH %}
    {% if not is_known or flags.FULL_REFRESH %}
        {% do run_query('create table ' ~ relation ~ what) %}
    {% else %}
        {% do run_query('refresh table ' ~ relation) %}
    {% endif %}
{%- endmacro %}
