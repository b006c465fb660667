{# Steps until the walk's end: three strides in one. #}
{% macro trees_walk_sql(walk) -%}
    select
        walk.from_id, walk.to_id,
        farther.next_from_id, farther.next_to_id,
        walk.steps + coalesce(further.steps, 0) + coalesce(farther.steps, 0) as steps
    from {{ walk }} as walk
    left join {{ walk }} as further
        on walk.next_from_id = further.from_id and walk.next_to_id = further.to_id
    left join {{ walk }} as farther
        on further.next_from_id = farther.from_id and further.next_to_id = farther.to_id
{%- endmacro %}
