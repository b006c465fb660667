-- Grain: one row per signal, with the persons and month ends of the trial at which it held
with

trials as (
    select warned_after_date, warned_until_date, outcome_days
    from {{ ref('int_insight__warning_trials') }}
),

order_days as (
    select
        one_id,
        order_date,
        next_order_date,
        coalesce(next_order_date, cast('9999-12-31' as date)) as until_date
    from {{ ref('int_insight__order_days') }}
),

watched as (
    select
        levels.evaluated_date,
        levels.one_id,
        levels.risk_level,
        levels.reason_count,
        case
            when
                order_days.next_order_date
                <= {{ add_days('levels.evaluated_date', 'trials.outcome_days') }}
                then 0
            else 1
        end as gone
    from {{ ref('int_insight__risk_levels') }} as levels
    inner join trials
        on
            levels.evaluated_date > trials.warned_after_date
            and levels.evaluated_date <= trials.warned_until_date
    inner join order_days
        on
            levels.one_id = order_days.one_id
            and levels.evaluated_date >= order_days.order_date
            and levels.evaluated_date < order_days.until_date
),

reasons as (
    select
        watched.evaluated_date,
        watched.one_id,
        spells.reason_code,
        watched.gone
    from watched
    inner join {{ ref('int_insight__warning_spells') }} as spells
        on
            watched.one_id = spells.one_id
            and watched.evaluated_date >= spells.from_date
            and watched.evaluated_date < spells.to_date
),

late as (
    select evaluated_date, one_id from reasons
    where reason_code = 'recency'
),

held as (
    select 'watched' as signal, gone from watched
    union all
    select 'any' as signal, gone from watched
    where reason_count > 0
    union all
    select 'any_but_recency' as signal, watched.gone
    from watched
    left join late
        on watched.evaluated_date = late.evaluated_date and watched.one_id = late.one_id
    where watched.reason_count > case when late.one_id is null then 0 else 1 end
    union all
    select 'level_' || cast(risk_level as string) as signal, gone from watched
    union all
    select reason_code as signal, gone from reasons
)

select
    signal,
    count(*) as members,
    cast(sum(gone) as bigint) as gone_members
from held
group by signal
