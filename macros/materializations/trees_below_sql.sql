{% macro trees_below_sql(climb) -%}
    select ancestor_id, min(least_step) as least_step, max(greatest_step) as greatest_step,
        cast(sum(records) as bigint) as records
    from {{ climb }}
    where ancestor_id is not null
    group by ancestor_id
{%- endmacro %}
