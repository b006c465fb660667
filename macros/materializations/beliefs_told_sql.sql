{# The columns of a dbt snapshot: a belief holds until the next entry with the same key, be it
   another belief or an end. #}
{% macro beliefs_told_sql(log) -%}
    {%- set key, believed_at = config.require('unique_key'), config.require('updated_at') -%}
    {%- set names = adapter.get_columns_in_relation(log) | map(attribute='name') -%}
    select
        {{ names | reject('in', ['_belief_number', '_is_end']) | join(', ') }},
        md5({{ key }} || '|' || cast({{ believed_at }} as string)) as dbt_scd_id,
        {{ believed_at }} as dbt_updated_at,
        {{ believed_at }} as dbt_valid_from,
        dbt_valid_to
    from (
        select *, lead({{ believed_at }}) over (
            partition by {{ key }} order by _belief_number
        ) as dbt_valid_to
        from {{ log }}
    ) as entries
    where not coalesce(_is_end, false)
{%- endmacro %}
