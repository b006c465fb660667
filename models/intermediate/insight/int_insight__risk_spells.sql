-- Grain: one row per person and unbroken stretch of days with at least one reason
with

spells as (
    select
        one_id,
        from_date,
        to_date,
        max(to_date) over (
            partition by one_id order by from_date nulls last, to_date nulls last
            rows between unbounded preceding and 1 preceding
        ) as warned_until_date
    from {{ ref('int_insight__warning_spells') }}
    group by one_id, from_date, to_date
),

numbered as (
    select
        one_id,
        from_date,
        to_date,
        sum(case when from_date <= warned_until_date then 0 else 1 end) over (
            partition by one_id order by from_date nulls last, to_date nulls last
            rows between unbounded preceding and current row
        ) as spell_number
    from spells
)

select
    one_id,
    min(from_date) as from_date,
    max(to_date) as to_date
from numbered
group by one_id, spell_number
