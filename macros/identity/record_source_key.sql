{% macro record_source_key(record_key) -%}
    substr({{ record_key }}, length(split_part({{ record_key }}, ':', 1)) + 2)
{%- endmacro %}
