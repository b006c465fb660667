-- Grain: one row per evaluated day (month ends and as_of) and person watched on it
with

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
)

select
    counted.evaluated_date,
    counted.one_id,
    counted.rfm_group,
    cast(counted.reason_count as integer) as reason_count,
    cast(
        case
            when counted.reason_count >= policies.level_3_min_reasons then 3
            when
                counted.is_important
                and counted.reason_count >= policies.level_3_min_reasons_important
                then 3
            when counted.reason_count >= policies.level_2_min_reasons then 2
            when counted.reason_count > 0 then 1
            else 0
        end as integer
    ) as risk_level
from counted
inner join {{ ref('int_insight__warning_policies') }} as policies
    on
        counted.evaluated_date >= policies.valid_from
        and counted.evaluated_date < policies.valid_to
