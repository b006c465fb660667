{# The versions that have a value of one identifier, each with the time of the next such version. #}
{% macro identifier_versions(identifier_type) -%}
    select
        source_key,
        {{ identifier_type }},
        {{ identifier_type }}_token,
        held_from,
        updated_at,
        lead(updated_at) over (
            partition by source_key
            order by updated_at asc nulls last, {{ identifier_type }}_token asc nulls last
        ) as next_version_at
    from known_versions
    where {{ identifier_type }}_token is not null
{%- endmacro %}
