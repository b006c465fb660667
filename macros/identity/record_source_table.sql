{% macro record_source_table(record_key) -%}
    split_part(split_part({{ record_key }}, ':', 1), '.', 2)
{%- endmacro %}
