{# Links lead from the greater to the smaller tree and remember their edge, here and in every
   round. #}
{% macro trees_first_links_sql(edges) -%}
    select
        greatest(record_id, identifier_id) as node_id,
        least(record_id, identifier_id) as smaller_id,
        record_id, identifier_id
    from {{ edges }}
{%- endmacro %}
