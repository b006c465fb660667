-- Grain: one row per signal, with its runs of days that began within the trial
with

trials as (
    select warned_after_date, warned_until_date, outcome_days
    from {{ ref('int_insight__warning_trials') }}
),

runs as (
    select 'any' as signal, one_id, from_date from {{ ref('int_insight__risk_spells') }}
    union all
    select reason_code as signal, one_id, from_date from {{ ref('int_insight__warning_spells') }}
),

order_days as (
    select
        one_id,
        order_date,
        next_order_date,
        coalesce(next_order_date, cast('9999-12-31' as date)) as until_date
    from {{ ref('int_insight__order_days') }}
)

select
    runs.signal,
    count(*) as runs,
    cast(sum(
        case
            when
                order_days.next_order_date
                <= {{ add_days('runs.from_date', 'trials.outcome_days') }}
                then 1
            else 0
        end
    ) as bigint) as false_runs
from runs
inner join trials
    on runs.from_date > trials.warned_after_date and runs.from_date <= trials.warned_until_date
inner join order_days
    on
        runs.one_id = order_days.one_id
        and runs.from_date >= order_days.order_date
        and runs.from_date < order_days.until_date
group by runs.signal
