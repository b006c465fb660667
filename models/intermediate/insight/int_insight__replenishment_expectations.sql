-- Grain: one row per purchase whose successor is expected: each one's last (the forecast), and each
-- after the second of its series as it looked in its month (the trial); so too, of each series, the
-- last one by the trial of recommendations, whatever its number
with

rhythms as (
    select
        one_id,
        category_id,
        purchase_date,
        purchase_month,
        units,
        packs,
        is_bulk,
        log_size,
        purchase_number,
        next_date,
        own_gaps,
        pace_total,
        pace_squares
    from {{ ref('int_insight__replenishment_rhythms') }}
),

policy as (
    select as_of_date, prior_gaps, spread_gaps, interval_deviations
    from {{ ref('int_insight__replenishment_policy') }}
),

trial_days as (
    select evaluated_date from {{ ref('int_insight__recommendation_days') }}
    where step = 1
),

questions as (
    select rhythms.*, true as is_forecast, {{ add_days('policy.as_of_date', 1) }} as period_date
    from rhythms
    cross join policy
    where rhythms.next_date is null
    union all
    select rhythms.*, false as is_forecast, rhythms.purchase_month as period_date
    from rhythms
    left join trial_days
        on
            rhythms.purchase_date <= trial_days.evaluated_date
            and coalesce(rhythms.next_date > trial_days.evaluated_date, true)
    where rhythms.purchase_number >= 3 or trial_days.evaluated_date is not null
),

closed as (
    select
        questions.*,
        category_rhythms.elasticity,
        category_rhythms.log_cycle,
        category_rhythms.log_mean,
        category_rhythms.variance,
        policy.as_of_date,
        policy.spread_gaps,
        policy.interval_deviations,
        case when category_rhythms.log_mean is null then 0 else policy.prior_gaps end as prior_gaps,
        {{ days_between(
            'questions.purchase_date', 'coalesce(questions.next_date, policy.as_of_date)'
        ) }} as gap_days,
        case
            when questions.own_gaps = 0
                then
                    coalesce(category_rhythms.log_cycle, category_rhythms.log_mean)
                    + category_rhythms.elasticity * questions.log_size
            else
                cast(
                    questions.pace_total
                    + coalesce(policy.prior_gaps * category_rhythms.log_mean, 0) as double
                ) / nullif(
                    questions.own_gaps + case
                        when category_rhythms.log_mean is null then 0 else policy.prior_gaps
                    end, 0
                ) + category_rhythms.elasticity * questions.log_size
        end as closed_log_days,
        case
            when questions.own_gaps >= policy.prior_gaps then 'own'
            when questions.own_gaps = 0 and category_rhythms.log_cycle is not null then 'cycle'
            else 'category'
        end as basis
    from questions
    cross join policy
    inner join {{ ref('int_insight__category_rhythms') }} as category_rhythms
        on
            questions.category_id = category_rhythms.category_id
            and questions.period_date = category_rhythms.period_start_date
),

-- an open gap that is longer than expected counts like one more gap, as long as it is by now
opened as (
    select
        closed.*,
        case
            when
                closed.is_forecast and closed.gap_days > 0
                and ln(cast(greatest(closed.gap_days, 1) as double)) > closed.closed_log_days
                then
                    closed.closed_log_days + cast(
                        ln(cast(greatest(closed.gap_days, 1) as double))
                        - closed.closed_log_days as double
                    ) / nullif(closed.own_gaps + closed.prior_gaps + 1, 0)
            else closed.closed_log_days
        end as log_days,
        sqrt(
            (
                cast(
                    case
                        when closed.own_gaps >= 1
                            then
                                greatest(
                                    closed.pace_squares
                                    - cast(closed.pace_total * closed.pace_total as double)
                                    / nullif(closed.own_gaps, 0),
                                    0
                                )
                        else 0
                    end + closed.spread_gaps * closed.variance as double
                ) / nullif(greatest(closed.own_gaps - 1, 0) + closed.spread_gaps, 0)
            ) * (1 + cast(1 as double) / nullif(closed.own_gaps + closed.prior_gaps, 0))
        ) * closed.interval_deviations as log_reach
    from closed
    where closed.closed_log_days is not null
)

select
    one_id,
    category_id,
    purchase_date,
    next_date,
    is_forecast,
    next_date is null as is_open,
    gap_days,
    units,
    packs,
    is_bulk,
    purchase_number,
    own_gaps,
    basis,
    exp(least(log_days, ln(cast(3650 as double)))) as expected_days,
    exp(least(log_days - log_reach, ln(cast(3650 as double)))) as shortest_days,
    exp(least(log_days + log_reach, ln(cast(3650 as double)))) as longest_days
from opened
