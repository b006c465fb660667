{% macro trees_sides_sql(edges) -%}
    select record_id as from_id, identifier_id as to_id, cast(1 as bigint) as is_record
    from {{ edges }}
    union all
    select identifier_id as from_id, record_id as to_id, cast(0 as bigint) as is_record
    from {{ edges }}
{%- endmacro %}
