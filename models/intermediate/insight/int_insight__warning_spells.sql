-- Grain: one row per person, reason and unbroken stretch of days on which it holds
with

segments as (
    select
        one_id,
        reason_code,
        from_date,
        to_date,
        max(to_date) over (
            partition by one_id, reason_code order by from_date nulls last, to_date nulls last
            rows between unbounded preceding and 1 preceding
        ) as told_until_date
    from {{ ref('int_insight__warning_segments') }}
    group by one_id, reason_code, from_date, to_date
),

numbered as (
    select
        one_id,
        reason_code,
        from_date,
        to_date,
        sum(case when from_date <= told_until_date then 0 else 1 end) over (
            partition by one_id, reason_code order by from_date nulls last, to_date nulls last
            rows between unbounded preceding and current row
        ) as spell_number
    from segments
)

select
    one_id,
    reason_code,
    min(from_date) as from_date,
    max(to_date) as to_date
from numbered
group by one_id, reason_code, spell_number
