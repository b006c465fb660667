{# The two nodes of every edge that is there now and was not, or the other way round. #}
{% macro components_touched_sql(target_relation) -%}
    select case when ends.is_greater then changed.node_id else changed.smaller_id end as node_id
    from (
        select node_id, smaller_id from (
            select node_id, smaller_id, 1 as is_now
            from {{ components_part(target_relation, 'edges') }}
            union all
            select node_id, smaller_id, 0 as is_now
            from {{ components_part(target_relation, 'kept') }}
        ) as both_edges
        group by node_id, smaller_id having min(is_now) = max(is_now)
    ) as changed
    cross join (select true as is_greater union all select false as is_greater) as ends
{%- endmacro %}
