-- Grain: one row per evaluated day and person with a valid order by then
with

days as (
    select step, evaluated_date, outcome_date from {{ ref('int_insight__model_days') }}
),

order_days as (
    select
        one_id,
        order_date,
        {{ days_between('previous_order_date', 'order_date') }} as gap_days
    from {{ ref('int_insight__order_days') }}
),

histories as (
    select
        days.step,
        days.evaluated_date,
        order_days.one_id,
        min(order_days.order_date) as first_date,
        max(
            case when order_days.order_date <= days.evaluated_date then order_days.order_date end
        ) as last_date,
        sum(case when order_days.order_date <= days.evaluated_date then 1 else 0 end) as dates,
        sum(
            case
                when
                    order_days.order_date <= days.evaluated_date
                    and order_days.order_date > {{ add_days('days.evaluated_date', -30) }}
                    then 1
                else 0
            end
        ) as dates_30d,
        sum(
            case
                when
                    order_days.order_date <= days.evaluated_date
                    and order_days.order_date > {{ add_days('days.evaluated_date', -90) }}
                    then 1
                else 0
            end
        ) as dates_90d,
        max(
            case when order_days.order_date <= days.evaluated_date then order_days.gap_days end
        ) as longest_gap_days,
        max(case when order_days.order_date > days.evaluated_date then 1 else 0 end) as has_come
    from order_days
    inner join days on order_days.order_date <= days.outcome_date
    group by days.step, days.evaluated_date, order_days.one_id
)

select
    step,
    evaluated_date,
    one_id,
    cast(dates - 1 as double) as repeats,
    cast({{ days_between('first_date', 'last_date') }} as double) as active_days,
    cast({{ days_between('first_date', 'evaluated_date') }} as double) as age_days,
    cast({{ days_between('last_date', 'evaluated_date') }} as double) as silent_days,
    cast(dates_30d as double) as dates_30d,
    cast(dates_90d as double) as dates_90d,
    cast(coalesce(longest_gap_days, 0) as double) as longest_gap_days,
    case when step > 0 then has_come = 0 end as is_gone
from histories
where first_date <= evaluated_date
