{% macro record_source_system(record_key) -%}
    split_part(split_part({{ record_key }}, ':', 1), '.', 1)
{%- endmacro %}
