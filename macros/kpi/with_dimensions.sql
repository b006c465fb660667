{# Rows of a relation (one_id, period_start_date, measures) with each dimension's value as the
   period starts; rows of nobody are unknown in every dimension. #}
{% macro with_dimensions(relation) -%}
    {%- set no_value = "case when measures.one_id is null then 'unknown' else 'none' end" -%}
    select
        measures.*,
        coalesce(members.first_order_channel, {{ no_value }}) as first_order_channel,
        coalesce(members.register_channel, 'unknown') as register_channel,
        coalesce(groups.rfm_group, {{ no_value }}) as rfm_group,
        coalesce(spells.lifecycle_stage, {{ no_value }}) as lifecycle_stage
    from {{ relation }} as measures
    left join {{ ref('int_kpi__members') }} as members on measures.one_id = members.one_id
    left join {{ ref('rfm_history') }} as groups
        on measures.one_id = groups.one_id
        and {{ add_days(start_of_month('measures.period_start_date'), -1) }} = groups.as_of_date
    left join {{ ref('lifecycle_intervals') }} as spells
        on measures.one_id = spells.one_id and measures.period_start_date > spells.valid_from_date
        and (spells.valid_to_date is null or measures.period_start_date <= spells.valid_to_date)
{%- endmacro %}
