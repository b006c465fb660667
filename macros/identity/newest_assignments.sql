{# The newest assignment of each record: few records have more than one, so these are joined. #}
{% macro newest_assignments(assignments) -%}
    select assignments.*
    from {{ assignments }} as assignments
    left join (
        select source_record_key, max(assignment_number) as newest_number
        from {{ assignments }}
        where assignment_number > 1
        group by source_record_key
    ) as newest
        on assignments.source_record_key = newest.source_record_key
    where assignments.assignment_number = coalesce(newest.newest_number, 1)
{%- endmacro %}
