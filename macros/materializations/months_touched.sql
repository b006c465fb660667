{# Months in which a changed row stands or stood before (null is the month of undated rows), and
   whether any row will stand there. #}
{% macro months_touched(target_relation, changes) -%}
    {% set key = config.require('unique_key') %}
    {% set touched_sql -%}
        select _month, max(is_left) as is_left from (
            select _month, true as is_touched, true as is_left from {{ changes }}
            union all
            select former._month, changed.{{ key }} is not null, changed.{{ key }} is null
            from {{ target_relation }} as former
            left join (select distinct {{ key }} from {{ changes }}) as changed
                on former.{{ key }} = changed.{{ key }}
        ) as months group by _month having max(is_touched)
    {%- endset %}
    {{ return(run_query(touched_sql).rows) }}
{%- endmacro %}
