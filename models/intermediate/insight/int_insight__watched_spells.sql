-- Grain: one row per person and stretch of days in stages that early warning watches
with

watched as (
    select
        one_id,
        valid_from_date,
        coalesce(valid_to_date, cast('9999-12-31' as date)) as valid_to_date,
        lag(valid_to_date) over (
            partition by one_id order by valid_from_date nulls last
        ) as previous_to_date
    from {{ ref('int_insight__lifecycle_spells') }}
    where lifecycle_stage not in ('prospect', 'dormant', 'churned')
),

numbered as (
    select
        one_id,
        valid_from_date,
        valid_to_date,
        sum(case when previous_to_date = valid_from_date then 0 else 1 end) over (
            partition by one_id order by valid_from_date nulls last
            rows between unbounded preceding and current row
        ) as spell_number
    from watched
)

select
    one_id,
    min(valid_from_date) as from_date,
    max(valid_to_date) as to_date
from numbered
group by one_id, spell_number
