{# True for a raw row that the incremental table has not judged yet: loaded since its last build, or
   dated after the newest version it knew then. #}
{% macro changed_since_this(version_at) -%}
    (
        _load_sequence > (select coalesce(max(_load_sequence), 0) from {{ this }})
        or {{ version_at }} > (
            select coalesce(max({{ version_at }}), cast('1900-01-01' as timestamp))
            from {{ this }} where is_known_version
        )
    )
{%- endmacro %}
