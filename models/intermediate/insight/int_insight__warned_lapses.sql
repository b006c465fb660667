-- Grain: one row per signal that held between a last order and the lapse that came of it
-- A lapse is the day on which watching ends: the first one dormant. Levels are told at month ends.
with

trials as (
    select as_of_date, lapsed_after_date from {{ ref('int_insight__warning_trials') }}
),

order_days as (
    select
        one_id,
        order_date,
        coalesce(next_order_date, cast('9999-12-31' as date)) as until_date
    from {{ ref('int_insight__order_days') }}
),

lapses as (
    select
        watched.one_id,
        watched.to_date as lapse_date,
        order_days.order_date as last_order_date
    from {{ ref('int_insight__watched_spells') }} as watched
    inner join trials
        on watched.to_date > trials.lapsed_after_date and watched.to_date <= trials.as_of_date
    inner join order_days
        on
            watched.one_id = order_days.one_id
            and watched.to_date > order_days.order_date
            and watched.to_date <= order_days.until_date
),

runs as (
    select 'any' as signal, one_id, from_date, to_date
    from {{ ref('int_insight__risk_spells') }}
    union all
    select 'any_but_recency' as signal, one_id, from_date, to_date
    from {{ ref('int_insight__warning_spells') }}
    where reason_code <> 'recency'
    union all
    select reason_code as signal, one_id, from_date, to_date
    from {{ ref('int_insight__warning_spells') }}
),

told as (
    select
        runs.signal,
        lapses.one_id,
        lapses.lapse_date,
        lapses.last_order_date,
        greatest(runs.from_date, lapses.last_order_date) as told_date
    from lapses
    inner join runs
        on
            lapses.one_id = runs.one_id
            and lapses.last_order_date < runs.to_date
            and lapses.lapse_date > runs.from_date
    union all
    select
        'level_' || cast(levels.risk_level as string) as signal,
        lapses.one_id,
        lapses.lapse_date,
        lapses.last_order_date,
        levels.evaluated_date as told_date
    from lapses
    inner join {{ ref('int_insight__risk_levels') }} as levels
        on
            lapses.one_id = levels.one_id
            and lapses.last_order_date <= levels.evaluated_date
            and lapses.lapse_date > levels.evaluated_date
    where levels.risk_level > 0
    union all
    select
        'lapse' as signal,
        one_id,
        lapse_date,
        last_order_date,
        lapse_date as told_date
    from lapses
),

first_told as (
    select
        signal,
        one_id,
        lapse_date,
        last_order_date,
        min(told_date) as told_date
    from told
    group by signal, one_id, lapse_date, last_order_date
)

select
    signal,
    count(*) as lapses,
    {{ median_of(days_between('told_date', 'lapse_date')) }} as lead_days,
    cast(sum(case when told_date = last_order_date then 1 else 0 end) as bigint)
        as lapses_at_last_order
from first_told
group by signal
