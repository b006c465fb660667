{# The nodes of an edge that came or went, and all of the components in which they were. #}
{% macro components_reached_sql(target_relation) -%}
    with touched as ({{ components_touched_sql(target_relation) }})
    select labels.record_id as node_id
    from {{ this }} as labels
    inner join (
        select labels.component_id
        from {{ this }} as labels inner join touched on labels.record_id = touched.node_id
        group by labels.component_id
    ) as reached on labels.component_id = reached.component_id
    union
    select node_id from touched
{%- endmacro %}
