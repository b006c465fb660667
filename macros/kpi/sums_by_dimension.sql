{# Sums of measures by period: in all, and by each dimension as it stands when the period starts.
   A dimension joins only what it needs: all joins in one query hold all tables in memory at once. #}
{% macro sums_by_dimension(relation, measures) -%}
    {%- for dimension in ['all', 'first_order_channel', 'register_channel', 'rfm_group', 'lifecycle_stage'] %}
    {{ 'union all' if not loop.first }}
    select
        measures.period_start_date,
        '{{ dimension }}' as dimension_type,
        {{ dimension_value(dimension) }} as dimension_value,
        {{ sums(measures) }}
    from {{ relation }} as measures
    {{ dimension_join(dimension) }}
    group by measures.period_start_date{{ ', ' ~ dimension_value(dimension) if dimension != 'all' }}
    {%- endfor %}
{%- endmacro %}
