-- Grain: one row per evaluated day (month ends and as_of) and person watched on it
-- Everybody who is watched has an order: P(alive) is that of the orders by the end of the day.
with

versions as (
    select versions.r, versions.alpha, versions.a, versions.b
    from {{ ref('int_insight__model_versions') }} as versions
    inner join {{ ref('int_insight__churn_trials') }} as trials
        on versions.version_code = trials.version_code
    where trials.kind = 'bg_nbd' and trials.rank_of_kind = 1
),

order_days as (
    select
        one_id,
        order_date,
        gaps,
        {{ days_between('first_order_date', 'order_date') }} as active_days,
        first_order_date,
        coalesce(next_order_date, cast('9999-12-31' as date)) as until_date
    from {{ ref('int_insight__order_days') }}
),

days as (
    select evaluated_date from {{ ref('int_insight__rfm_days') }}
),

watched as (
    select days.evaluated_date, watched_spells.one_id
    from {{ ref('int_insight__watched_spells') }} as watched_spells
    inner join days
        on
            watched_spells.from_date <= days.evaluated_date
            and watched_spells.to_date > days.evaluated_date
),

reasons as (
    select
        days.evaluated_date,
        spells.one_id,
        count(*) as reason_count
    from {{ ref('int_insight__warning_spells') }} as spells
    inner join days
        on spells.from_date <= days.evaluated_date and spells.to_date > days.evaluated_date
    group by days.evaluated_date, spells.one_id
),

counted as (
    select
        watched.evaluated_date,
        watched.one_id,
        coalesce(reasons.reason_count, 0) as reason_count,
        scores.rfm_group,
        coalesce(rfm_groups.is_monetary_high, false) as is_important
    from watched
    left join reasons
        on watched.evaluated_date = reasons.evaluated_date and watched.one_id = reasons.one_id
    left join {{ ref('int_insight__rfm_scores') }} as scores
        on watched.evaluated_date = scores.evaluated_date and watched.one_id = scores.one_id
    left join {{ ref('int_insight__rfm_groups') }} as rfm_groups
        on scores.rfm_group = rfm_groups.rfm_group
),

alive as (
    select
        counted.*,
        {{ p_alive(
            'order_days.gaps',
            'order_days.active_days',
            days_between('order_days.first_order_date', 'counted.evaluated_date')
        ) }} as p_alive
    from counted
    inner join order_days
        on
            counted.one_id = order_days.one_id
            and counted.evaluated_date >= order_days.order_date
            and counted.evaluated_date < order_days.until_date
    cross join versions
)

select
    alive.evaluated_date,
    alive.one_id,
    alive.rfm_group,
    alive.p_alive,
    cast(alive.reason_count as integer) as reason_count,
    cast(
        case
            when alive.reason_count >= policies.level_3_min_reasons then 3
            when
                alive.is_important
                and alive.reason_count >= policies.level_3_min_reasons_important
                then 3
            when alive.reason_count >= policies.level_2_min_reasons then 2
            when alive.reason_count > 0 and alive.p_alive < policies.level_2_below_alive then 2
            when alive.reason_count > 0 then 1
            else 0
        end as integer
    ) as risk_level
from alive
inner join {{ ref('int_insight__warning_policies') }} as policies
    on
        alive.evaluated_date >= policies.valid_from
        and alive.evaluated_date < policies.valid_to
