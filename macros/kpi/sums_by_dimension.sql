{# Sums of measures by period: in all, and by each dimension as it stands when the period starts. #}
{% macro sums_by_dimension(relation, measures) -%}
    select
        measured.period_start_date,
        measured.dimension_type,
        measured.dimension_value
        {%- for measure in measures %},
        sum(measured.{{ measure }}) as {{ measure }}
        {%- endfor %}
    from ({{ by_dimension(relation) }}) as measured
    group by measured.period_start_date, measured.dimension_type, measured.dimension_value
{%- endmacro %}
