-- Grain: one row per complete month, stage at the month end before and stage at its end
with

month_ends as (
    select month_start_date, month_end_date from {{ ref('int_insight__month_ends') }}
),

spells as (
    select one_id, lifecycle_stage, valid_from_date, valid_to_date
    from {{ ref('lifecycle_intervals') }}
),

stages_at_month_end as (
    select
        month_ends.month_start_date,
        month_ends.month_end_date,
        spells.one_id,
        spells.lifecycle_stage
    from spells
    inner join month_ends
        on
            spells.valid_from_date <= month_ends.month_end_date
            and (spells.valid_to_date is null or spells.valid_to_date > month_ends.month_end_date)
),

transitions as (
    select
        month_start_date,
        lag(lifecycle_stage) over (
            partition by one_id order by month_start_date nulls last
        ) as from_stage,
        lifecycle_stage as to_stage
    from stages_at_month_end
),

as_of as (
    select as_of_date from {{ ref('stg_rekindle__as_of') }}
)

select
    as_of.as_of_date,
    transitions.month_start_date as month,
    coalesce(transitions.from_stage, 'none') as from_stage,
    transitions.to_stage,
    count(*) as members
from transitions
cross join as_of
group by
    as_of.as_of_date,
    transitions.month_start_date,
    coalesce(transitions.from_stage, 'none'),
    transitions.to_stage
