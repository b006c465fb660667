-- Grain: one row per evaluated day, person and product bought by then, or in the horizon after
with

days as (
    select
        step,
        evaluated_date,
        outcome_date,
        history_after_date,
        recent_after_date,
        horizon_days,
        cast(ln(2) as double) / nullif(half_life_days, 0) as daily_decay
    from {{ ref('int_insight__recommendation_days') }}
),

purchases as (
    select one_id, product_id, order_date
    from {{ ref('int_insight__kept_lines') }}
    where product_id is not null
    group by one_id, product_id, order_date
),

histories as (
    select
        days.step,
        purchases.one_id,
        purchases.product_id,
        days.recent_after_date,
        min(purchases.order_date) as first_date,
        max(
            case when purchases.order_date <= days.evaluated_date then purchases.order_date end
        ) as last_date,
        sum(case when purchases.order_date <= days.evaluated_date then 1 else 0 end) as purchases,
        sum(
            case
                when purchases.order_date <= days.evaluated_date
                    then
                        exp(
                            {{ days_between('purchases.order_date', 'days.evaluated_date') }}
                            * -days.daily_decay
                        )
                        * days.horizon_days * days.daily_decay
                else 0
            end
        ) as own_score,
        max(case when purchases.order_date > days.evaluated_date then 1 else 0 end) as is_later
    from purchases
    inner join days
        on
            purchases.order_date > days.history_after_date
            and purchases.order_date <= days.outcome_date
    group by days.step, purchases.one_id, purchases.product_id, days.recent_after_date
)

select
    step,
    one_id,
    product_id,
    first_date,
    last_date,
    purchases,
    own_score,
    is_later = 1 as is_bought_later,
    coalesce(last_date > recent_after_date, false) as is_recent
from histories
