{# Sums of measures by period, in all and by each dimension; dimensions hold as the period starts. #}
{% macro sums_by_dimension(relation, measures) -%}
    {%- set dimensions = ['first_order_channel', 'register_channel', 'rfm_group', 'lifecycle_stage'] -%}
    select
        period_start_date,
        case {% for dimension in dimensions %}when {{ dimension }} is not null then '{{ dimension }}' {% endfor %}else 'all' end
            as dimension_type,
        coalesce({{ dimensions | join(', ') }}, 'all') as dimension_value
        {%- for measure in measures %},
        sum({{ measure }}) as {{ measure }}
        {%- endfor %}
    from ({{ with_dimensions(relation) }}) as measured
    group by grouping sets (
        (period_start_date){% for dimension in dimensions %}, (period_start_date, {{ dimension }}){% endfor %}
    )
{%- endmacro %}
