{# Rows of a relation (one_id, period_start_date, measures): once in all, once by each dimension. #}
{% macro by_dimension(relation) -%}
    select
        measures.*,
        dimensions.dimension_type,
        case dimensions.dimension_type
            when 'first_order_channel' then measures.first_order_channel
            when 'register_channel' then measures.register_channel
            when 'rfm_group' then measures.rfm_group
            when 'lifecycle_stage' then measures.lifecycle_stage
            else 'all'
        end as dimension_value
    from ({{ with_dimensions(relation) }}) as measures
    cross join (
        values ('all'),
        ('first_order_channel'), ('register_channel'), ('rfm_group'), ('lifecycle_stage')
    ) as dimensions (dimension_type)
{%- endmacro %}
