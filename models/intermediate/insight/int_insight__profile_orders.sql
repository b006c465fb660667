-- Grain: one row per judged day, person, kind of fact about valid orders in its window, and value
with

orders as (
    select
        orders.one_id,
        orders.order_id,
        orders.order_channel,
        orders.order_date,
        {{ business_hour('orders.ordered_at') }} as order_hour,
        orders.is_discounted,
        orders.is_coupon_used
    from {{ ref('fct_orders') }} as orders
    where
        orders.is_valid
        and orders.one_id is not null
        and orders.order_date > (
            select min(days.window_opens_after_date)
            from {{ ref('int_insight__profile_days') }} as days
        )
),

lines as (
    select
        orders.one_id,
        orders.order_date,
        lines.product_id,
        lines.category_id,
        lines.net_amount,
        coalesce(lines.promotion_discount, 0) + coalesce(lines.coupon_discount, 0) as discount
    from {{ ref('fct_order_lines') }} as lines
    inner join orders on lines.order_id = orders.order_id
),

price_falls as (
    select product_id, from_date, to_date
    from {{ ref('int_insight__price_spells') }}
    where price < previous_price
),

facts as (
    select
        one_id,
        'order' as fact_code,
        order_channel as fact_value,
        order_date as fact_date,
        cast(0 as decimal(18, 2)) as amount,
        cast(null as integer) as price_age_days
    from orders
    union all
    select
        one_id,
        'hour' as fact_code,
        cast(order_hour as string) as fact_value,
        order_date as fact_date,
        cast(0 as decimal(18, 2)) as amount,
        cast(null as integer) as price_age_days
    from orders
    union all
    select
        one_id,
        'discounted_order' as fact_code,
        'all' as fact_value,
        order_date as fact_date,
        cast(0 as decimal(18, 2)) as amount,
        cast(null as integer) as price_age_days
    from orders
    where is_discounted
    union all
    select
        one_id,
        'coupon_order' as fact_code,
        'all' as fact_value,
        order_date as fact_date,
        cast(0 as decimal(18, 2)) as amount,
        cast(null as integer) as price_age_days
    from orders
    where is_coupon_used
    union all
    select
        one_id,
        'purchase' as fact_code,
        category_id as fact_value,
        order_date as fact_date,
        net_amount as amount,
        cast(null as integer) as price_age_days
    from lines
    union all
    select
        one_id,
        'discount' as fact_code,
        'all' as fact_value,
        order_date as fact_date,
        discount as amount,
        cast(null as integer) as price_age_days
    from lines
    union all
    -- of whatever category, and of products that the catalogue does not know
    select
        one_id,
        'paid' as fact_code,
        'all' as fact_value,
        order_date as fact_date,
        net_amount as amount,
        cast(null as integer) as price_age_days
    from lines
    union all
    select
        lines.one_id,
        'price_fall' as fact_code,
        'all' as fact_value,
        lines.order_date as fact_date,
        lines.net_amount as amount,
        {{ days_between('price_falls.from_date', 'lines.order_date') }} as price_age_days
    from lines
    inner join price_falls
        on
            lines.product_id = price_falls.product_id
            and lines.order_date >= price_falls.from_date
            and lines.order_date < price_falls.to_date
),

daily as (
    select
        one_id,
        fact_code,
        fact_value,
        fact_date,
        price_age_days,
        count(*) as facts,
        sum(amount) as amount
    from facts
    where fact_value is not null
    group by one_id, fact_code, fact_value, fact_date, price_age_days
)

select
    days.evaluated_date,
    daily.one_id,
    daily.fact_code,
    daily.fact_value,
    cast(sum(daily.facts) as bigint) as facts,
    {{ as_money('sum(daily.amount)') }} as amount,
    min(daily.fact_date) as first_date,
    max(daily.fact_date) as last_date
from daily
inner join {{ ref('int_insight__profile_days') }} as days
    on
        daily.fact_date > days.window_opens_after_date
        and daily.fact_date <= days.evaluated_date
        and coalesce(daily.price_age_days < days.price_fall_days, true)
group by days.evaluated_date, daily.one_id, daily.fact_code, daily.fact_value
