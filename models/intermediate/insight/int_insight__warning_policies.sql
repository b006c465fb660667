-- Grain: one row per warning policy in force at some day up to as_of
with

policies as (
    select
        warning_thresholds.*,
        lead(warning_thresholds.valid_from) over (
            order by warning_thresholds.valid_from nulls last
        ) as valid_to,
        as_of.as_of_date
    from {{ ref('warning_thresholds') }} as warning_thresholds
    cross join {{ ref('stg_rekindle__as_of') }} as as_of
)

select
    valid_from,
    coalesce(valid_to, cast('9999-12-31' as date)) as valid_to,
    recency_over_days,
    drop_window_days,
    drop_min_base_orders,
    drop_max_share,
    silent_weeks,
    silent_base_weeks,
    silent_min_active_weeks,
    apathy_offers,
    unused_within_days,
    login_gap_over_days,
    cart_days,
    cooling_days,
    cooling_base_days,
    cooling_top_share,
    overdue_multiple,
    overdue_min_purchases,
    overdue_own_gaps,
    wait_days,
    wait_min_views,
    level_2_min_reasons,
    level_2_below_alive,
    level_3_min_reasons,
    level_3_min_reasons_important,
    saved_within_days,
    outcome_days,
    trial_days
from policies
where valid_from <= as_of_date
