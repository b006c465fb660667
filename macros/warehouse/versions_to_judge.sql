{# Every version of the records that may have changed since the incremental table was last built;
   a first build judges all of them. #}
{% macro versions_to_judge(relation, key, version_at) -%}
    select * from {{ relation }}
    {% if is_incremental() %}
    where {{ key }} in (
        select {{ key }} from {{ relation }} where {{ changed_since_this(version_at) }}
    )
    {% endif %}
{%- endmacro %}
