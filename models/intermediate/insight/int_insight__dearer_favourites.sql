-- Grain: one row per silent person whose favourite product became dearer after it was last bought
-- A rise long before the last order did not stop the person, one long after came too late to.
with

products as (
    select
        lines.one_id,
        lines.product_id,
        sum(lines.net_amount) as product_amount,
        max(lines.order_date) as last_purchase_date,
        max(silent.last_order_date) as last_order_date
    from {{ ref('fct_order_lines') }} as lines
    inner join {{ ref('int_insight__silent_members') }} as silent
        on lines.one_id = silent.one_id
    where lines.is_valid
    group by lines.one_id, lines.product_id
),

favourites as (
    select
        one_id,
        product_id,
        last_purchase_date,
        last_order_date,
        row_number() over (
            partition by one_id order by product_amount desc nulls last, product_id asc nulls last
        ) as favourite_rank
    from products
),

rises as (
    select
        favourites.one_id,
        favourites.product_id,
        prices.from_date as risen_date,
        prices.price,
        prices.previous_price,
        cast(prices.price - prices.previous_price as double)
        / nullif(cast(prices.previous_price as double), 0) as rise_share,
        policy.full_price_rise,
        row_number() over (
            partition by favourites.one_id order by prices.from_date nulls last
        ) as rise_rank
    from favourites
    inner join {{ ref('int_insight__price_spells') }} as prices
        on
            favourites.product_id = prices.product_id
            and favourites.last_purchase_date < prices.from_date
    inner join {{ ref('int_insight__churn_policy') }} as policy
        on
            prices.from_date <= policy.as_of_date
            and {{ days_between('favourites.last_order_date', 'prices.from_date') }}
            between -policy.price_days_before and policy.price_days_after
    where favourites.favourite_rank = 1 and prices.price > prices.previous_price
)

select
    one_id,
    product_id,
    risen_date,
    price,
    previous_price,
    least(1, cast(rise_share as double) / nullif(full_price_rise, 0)) as strength
from rises
where rise_rank = 1
