{# After a snapshot of a mart: what was believed of a person who is none any more ends with the
   business date of the mart. dbt's hard_deletes would end it with the clock, and Spark has none. #}
{% macro end_beliefs(mart) -%}
    {{ return(adapter.dispatch('end_beliefs', 'rekindle')(mart)) }}
{%- endmacro %}

{% macro default__end_beliefs(mart) -%}
    {%- set key = config.require('unique_key') -%}
    update {{ this }} set dbt_valid_to = ended.ended_at
    from (
        select
            (select cast(max(as_of_date) as timestamp) from {{ mart }}) as ended_at,
            (select max(dbt_valid_from) from {{ this }}) as newest_at
    ) as ended
    where
        dbt_valid_to is null
        and ended.ended_at >= ended.newest_at
        and {{ key }} not in (select {{ key }} from {{ mart }})
{%- endmacro %}

{% macro spark__end_beliefs(mart) -%}
    {%- set log = this.incorporate(path={'identifier': this.identifier ~ '__log'}, type='table') -%}
    insert into {{ log }} {{ beliefs_end_sql(log, mart) }}
{%- endmacro %}
