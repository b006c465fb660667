{# known_then for a long table whose records rarely have a second version: ranks only those. #}
{% macro known_then_of_many(relation, key, version_at, event_at) -%}
    {%- set several -%}
    select {{ key }} from {{ relation }} group by {{ key }} having count(*) > 1
    {%- endset -%}
    select
        versions.*,
        coalesce({{ version_at }} < as_of.as_of_end_at, true) as is_known_version,
        true as is_born,
        1 as version_rank
    from {{ relation }} as versions
    cross join {{ ref('stg_rekindle__as_of') }} as as_of
    where versions.{{ key }} not in ({{ several }}) and {{ event_at }} < as_of.as_of_end_at
    union all
    {{ known_then('(select * from ' ~ relation ~ ' where ' ~ key ~ ' in (' ~ several ~ '))',
                  keys=key, version_at=version_at, event_at=event_at) }}
{%- endmacro %}
