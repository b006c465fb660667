{# A period starts in the stage of its eve and in the group of the last month end before it. #}
{% macro dimension_join(dimension) -%}
    {%- if dimension == 'rfm_group' -%}
    left join {{ ref('rfm_history') }} as states
        on measures.one_id = states.one_id
        and {{ add_days(start_of_month('measures.period_start_date'), -1) }} = states.as_of_date
    {%- elif dimension == 'lifecycle_stage' -%}
    left join {{ ref('lifecycle_intervals') }} as states
        on measures.one_id = states.one_id and measures.period_start_date > states.valid_from_date
        and (states.valid_to_date is null or measures.period_start_date <= states.valid_to_date)
    {%- elif dimension != 'all' -%}
    left join {{ ref('int_kpi__members') }} as states on measures.one_id = states.one_id
    {%- endif -%}
{%- endmacro %}
