{# Columns and their types, without the primary key: DuckDB would keep an index for it, which costs
   several times the build of a large mart. Data tests prove the key unique. #}
{% macro get_table_columns_and_constraints() -%}
    ({{ adapter.render_raw_columns_constraints(raw_columns=model['columns']) | join(', ') }})
{%- endmacro %}
