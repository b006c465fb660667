{# The version of each record that was known at the end of as_of: the newest dated up to then;
   else, where the record was born by then (or holds undated), its earliest version. What was born
   later was not there. #}
{% macro known_then(relation, keys, version_at, event_at, undated_versions=false) -%}
    select * from (
        select
            versions.*,
            coalesce({{ version_at }} < as_of.as_of_end_at, true) as is_known_version,
            {{ event_at }} < as_of.as_of_end_at as is_born,
            row_number() over (
                partition by {{ keys }} order by {{ newest_known_first(version_at) }}
            ) as version_rank
        from {{ relation }} as versions
        cross join {{ ref('stg_rekindle__as_of') }} as as_of
    ) as ranked_versions
    where
        version_rank = 1
        {% if not undated_versions %}and coalesce(is_born, is_known_version){% endif %}
{%- endmacro %}
