-- Grain: one row per person, kind of fact about its valid orders in the window, and value of it
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
    inner join {{ ref('int_insight__profile_policy') }} as policy
        on
            orders.order_date > policy.window_opens_after_date
            and orders.order_date <= policy.as_of_date
    where orders.is_valid and orders.one_id is not null
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
        cast(0 as decimal(18, 2)) as amount
    from orders
    union all
    select
        one_id,
        'hour' as fact_code,
        cast(order_hour as string) as fact_value,
        order_date as fact_date,
        cast(0 as decimal(18, 2)) as amount
    from orders
    union all
    select
        one_id,
        'discounted_order' as fact_code,
        'all' as fact_value,
        order_date as fact_date,
        cast(0 as decimal(18, 2)) as amount
    from orders
    where is_discounted
    union all
    select
        one_id,
        'coupon_order' as fact_code,
        'all' as fact_value,
        order_date as fact_date,
        cast(0 as decimal(18, 2)) as amount
    from orders
    where is_coupon_used
    union all
    select
        one_id,
        'purchase' as fact_code,
        category_id as fact_value,
        order_date as fact_date,
        net_amount as amount
    from lines
    union all
    select
        one_id,
        'discount' as fact_code,
        'all' as fact_value,
        order_date as fact_date,
        discount as amount
    from lines
    union all
    -- of whatever category, and of products that the catalogue does not know
    select
        one_id,
        'paid' as fact_code,
        'all' as fact_value,
        order_date as fact_date,
        net_amount as amount
    from lines
    union all
    select
        lines.one_id,
        'price_fall' as fact_code,
        'all' as fact_value,
        lines.order_date as fact_date,
        lines.net_amount as amount
    from lines
    inner join price_falls
        on
            lines.product_id = price_falls.product_id
            and lines.order_date >= price_falls.from_date
            and lines.order_date < price_falls.to_date
    cross join {{ ref('int_insight__profile_policy') }} as policy
    where {{ days_between('price_falls.from_date', 'lines.order_date') }} < policy.price_fall_days
)

select
    one_id,
    fact_code,
    fact_value,
    cast(count(*) as bigint) as facts,
    {{ as_money('sum(amount)') }} as amount,
    min(fact_date) as first_date,
    max(fact_date) as last_date
from facts
where fact_value is not null
group by one_id, fact_code, fact_value
