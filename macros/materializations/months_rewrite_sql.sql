{# Overwrites whole months: the changed rows, and the others that stand in these months. #}
{% macro months_rewrite_sql(target_relation, changes, months) -%}
    {%- set key = config.require('unique_key') -%}
    {%- set names = adapter.get_columns_in_relation(target_relation) | map(attribute='name') -%}
    {%- set columns = names | join(', ') -%}
    insert overwrite table {{ target_relation }} partition (_month)
    select /*+ rebalance(_month) */ {{ columns }} from (
        select {{ columns }} from {{ changes }}
        union all
        select {{ columns }} from {{ target_relation }}
        where
            {{ months_condition(months) }}
            and not exists (
                select 1 from {{ changes }} as changes
                where changes.{{ key }} = {{ target_relation }}.{{ key }}
            )
    ) as whole_months
{%- endmacro %}
