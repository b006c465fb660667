{# Sums of measures by period: in all, and by each dimension as it stands when the period starts.
   Each dimension joins only what it needs: one query with all joins would hold all their tables. #}
{% macro sums_by_dimension(relation, measures) -%}
    {%- for dimension in dimensions() %}
    {{ 'union all' if not loop.first }}
    select
        measures.period_start_date,
        '{{ dimension }}' as dimension_type,
        {{ dimension_value(dimension) }} as dimension_value,
        {{ sums(measures) }}
    from {{ relation }} as measures
    {{ dimension_join(dimension) }}
    group by measures.period_start_date{{ ', ' ~ dimension_value(dimension) if not loop.first }}
    {%- endfor %}
{%- endmacro %}
