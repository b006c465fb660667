{# A neighbour of the last hop is of the next one, of the last, or of the one before. #}
{% macro nearest_next_hop_sql(edges, last_hop, hop_before) -%}
    select node_id, label
    from (
        select
            edges.neighbour_id as node_id, last_hop.label, row_number() over (
                partition by edges.neighbour_id
                order by edges.link_rank, edges.days_apart, last_hop.label
            ) as nearest_rank
        from {{ edges }} as edges
        inner join {{ last_hop }} as last_hop on edges.unit_id = last_hop.node_id
        left join {{ last_hop }} as same_hop on edges.neighbour_id = same_hop.node_id
        left join {{ hop_before }} as hop_before on edges.neighbour_id = hop_before.node_id
        where same_hop.node_id is null and hop_before.node_id is null
    ) as offers
    where nearest_rank = 1
{%- endmacro %}
