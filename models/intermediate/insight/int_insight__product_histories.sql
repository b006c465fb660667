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

looked_at as (
    select
        days.step,
        days.recent_after_date,
        purchases.one_id,
        purchases.product_id,
        purchases.order_date,
        purchases.order_date > days.evaluated_date as is_later,
        exp({{ days_between('purchases.order_date', 'days.evaluated_date') }} * -days.daily_decay)
        * days.horizon_days * days.daily_decay as weight
    from purchases
    inner join days
        on
            purchases.order_date > days.history_after_date
            and purchases.order_date <= days.outcome_date
),

histories as (
    select
        step,
        one_id,
        product_id,
        recent_after_date,
        min(order_date) as first_date,
        max(case when not is_later then order_date end) as last_date,
        sum(case when is_later then 0 else 1 end) as purchases,
        {{ order_free_sum('case when is_later then 0 else weight end') }} as own_score,
        max(case when is_later then 1 else 0 end) as has_later
    from looked_at
    group by step, one_id, product_id, recent_after_date
)

select
    step,
    one_id,
    product_id,
    first_date,
    last_date,
    purchases,
    own_score,
    has_later = 1 as is_bought_later,
    coalesce(last_date > recent_after_date, false) as is_recent
from histories
