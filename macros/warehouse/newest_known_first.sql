{% macro newest_known_first(version_at) -%}
    case when {{ version_at }} >= as_of.as_of_end_at then 1 else 0 end nulls last,
    case when {{ version_at }} < as_of.as_of_end_at then {{ version_at }} end desc nulls last,
    {{ version_at }} asc nulls last,
    versions._content_hash desc nulls last
{%- endmacro %}
