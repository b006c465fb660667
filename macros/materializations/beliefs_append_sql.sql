{# What differs in one of the checked columns from the newest belief with the same key, and what is
   believed again after its end. #}
{% macro beliefs_append_sql(log, snapshot_sql) -%}
    {%- set key = config.require('unique_key') -%}
    insert into {{ log }}
    select beliefs.*, coalesce(newest._belief_number, 0) + 1 as _belief_number, false as _is_end
    from ({{ snapshot_sql }}) as beliefs
    left join (
        select *, max(_belief_number) over (partition by {{ key }}) as _newest_number from {{ log }}
    ) as newest
        on beliefs.{{ key }} = newest.{{ key }} and newest._belief_number = newest._newest_number
    where
        newest._belief_number is null or newest._is_end
        {%- for column in config.require('check_cols') %}
        or beliefs.{{ column }} is distinct from newest.{{ column }}
        {%- endfor %}
{%- endmacro %}
