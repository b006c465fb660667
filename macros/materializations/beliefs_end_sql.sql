{# An entry that tells no belief but the end of one, for every key whose newest entry is a belief
   and that the mart no longer has. #}
{% macro beliefs_end_sql(log, mart) -%}
    {%- set key, believed_at = config.require('unique_key'), config.require('updated_at') -%}
    {%- set names = adapter.get_columns_in_relation(log) | map(attribute='name') -%}
    {%- set told = {believed_at: 'mart.ended_at', '_is_end': 'true',
        '_belief_number': 'newest._belief_number + 1'} -%}
    select {% for name in names %}{{ told.get(name, 'newest.' ~ name) }} as {{ name }}
    {{- ', ' if not loop.last }}{% endfor %}
    from (
        select *, max(_belief_number) over (partition by {{ key }}) as _newest_number,
            max(case when not coalesce(_is_end, false) then {{ believed_at }} end) over () as _at
        from {{ log }}
    ) as newest
    cross join (select cast(max(as_of_date) as timestamp) as ended_at from {{ mart }}) as mart
    left join {{ mart }} as believed on newest.{{ key }} = believed.{{ key }}
    where newest._belief_number = newest._newest_number and not coalesce(newest._is_end, false)
        and believed.{{ key }} is null and mart.ended_at >= newest._at
{%- endmacro %}
