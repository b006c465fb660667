-- Grain: one row per evaluated day, person and product (or, without one, category) not to recommend
-- A category is not due while the earliest day on which it may be needed again lies beyond the
-- horizon; a product was returned where no purchase that was kept came after.
with

days as (
    select step, evaluated_date, outcome_date
    from {{ ref('int_insight__recommendation_days') }}
),

expectations as (
    select one_id, category_id, purchase_date, next_date, is_forecast, shortest_days
    from {{ ref('int_insight__replenishment_expectations') }}
),

gifts as (
    select order_id from {{ ref('stg_commerce__orders') }}
    where is_gift
),

returned as (
    select lines.one_id, lines.product_id, lines.order_date
    from {{ ref('fct_order_lines') }} as lines
    left join {{ ref('int_insight__kept_lines') }} as kept_lines
        on lines.order_id = kept_lines.order_id and lines.line_no = kept_lines.line_no
    left join gifts on lines.order_id = gifts.order_id
    where
        lines.is_valid
        and lines.one_id is not null
        and lines.product_id is not null
        and lines.quantity > 0
        and kept_lines.order_id is null
        and gifts.order_id is null
),

last_returned as (
    select days.step, returned.one_id, returned.product_id, max(returned.order_date) as order_date
    from returned
    inner join days on returned.order_date <= days.evaluated_date
    group by days.step, returned.one_id, returned.product_id
),

kept as (
    select step, one_id, product_id, last_date
    from {{ ref('int_insight__product_histories') }}
    where purchases > 0
)

select
    days.step,
    expectations.one_id,
    expectations.category_id,
    cast(null as string) as product_id,
    'not_due' as why
from expectations
inner join days
    on
        days.outcome_date < {{ add_days(
            'expectations.purchase_date', 'cast(floor(expectations.shortest_days) as integer)'
        ) }}
where
    (days.step = 0 and expectations.is_forecast)
    or (
        days.step = 1
        and not expectations.is_forecast
        and expectations.purchase_date <= days.evaluated_date
        and coalesce(expectations.next_date > days.evaluated_date, true)
    )
union all
select
    last_returned.step,
    last_returned.one_id,
    cast(null as string) as category_id,
    last_returned.product_id,
    'returned' as why
from last_returned
left join kept
    on
        last_returned.step = kept.step
        and last_returned.one_id = kept.one_id
        and last_returned.product_id = kept.product_id
where coalesce(kept.last_date <= last_returned.order_date, true)
