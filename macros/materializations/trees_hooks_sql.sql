{# Each tree hooks to its smallest smaller neighbour. #}
{% macro trees_hooks_sql(links) -%}
    select node_id, smaller_id as top_id, record_id, identifier_id
    from (
        select *, row_number() over (
            partition by node_id order by smaller_id, record_id, identifier_id
        ) as hook_rank
        from {{ links }}
    ) as ranked_links
    where hook_rank = 1
{%- endmacro %}
