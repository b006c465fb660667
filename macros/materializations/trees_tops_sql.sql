{# What a node hooks to through up to two others; next is what may hook to again. #}
{% macro trees_tops_sql(tops) -%}
    select
        tops.node_id,
        coalesce(farther.top_id, further.top_id, tops.top_id) as top_id,
        farther.top_id as next_id
    from {{ tops }} as tops
    left join {{ tops }} as further on tops.top_id = further.node_id
    left join {{ tops }} as farther on further.top_id = farther.node_id
{%- endmacro %}
