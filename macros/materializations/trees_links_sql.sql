{# The links between the trees of the next round. #}
{% macro trees_links_sql(links, tops) -%}
    select
        greatest(one_id, other_id) as node_id, least(one_id, other_id) as smaller_id,
        record_id, identifier_id
    from (
        select
            tops.top_id as one_id, coalesce(smaller_tops.top_id, links.smaller_id) as other_id,
            links.record_id, links.identifier_id
        from {{ links }} as links
        inner join {{ tops }} as tops on links.node_id = tops.node_id
        left join {{ tops }} as smaller_tops on links.smaller_id = smaller_tops.node_id
    ) as joined_links
    where one_id <> other_id
{%- endmacro %}
