-- Grain: one row per policy, person, product put into the cart and stretch of days of a lower price
with

carts as (
    select
        'cart:' || carts.cart_event_id as fact_key,
        carts.cart_event_id,
        carts.product_id,
        carts.action,
        carts.unit_price,
        carts.occurred_at
    from {{ ref('stg_commerce__carts') }} as carts
),

carts_by_tenure as (
    select
        {{ of_tenure('buyers.buyer_record_key', 'tenures.tenure') }} as source_record_key,
        carts.cart_event_id,
        carts.product_id,
        carts.action,
        carts.unit_price,
        carts.occurred_at
    from carts
    inner join {{ ref('int_identity__basket_buyers') }} as buyers
        on carts.fact_key = buyers.fact_key
    {{ join_tenure('buyers', 'occurred_at') }}
    where buyers.buyer_record_key is not null
),

-- An order of the product ends the wait like the next cart event; of one instant it comes first.
acts as (
    select
        record_persons.one_id,
        carts_by_tenure.product_id,
        carts_by_tenure.action,
        carts_by_tenure.unit_price,
        carts_by_tenure.occurred_at,
        {{ business_date('carts_by_tenure.occurred_at') }} as act_date,
        1 as tie_order,
        carts_by_tenure.cart_event_id as act_key
    from carts_by_tenure
    inner join {{ ref('int_identity__record_persons') }} as record_persons
        on carts_by_tenure.source_record_key = record_persons.source_record_key
    union all
    select
        orders.one_id,
        lines.product_id,
        'order' as action,
        cast(null as decimal(18, 2)) as unit_price,
        orders.ordered_at as occurred_at,
        orders.order_date as act_date,
        0 as tie_order,
        lines.order_id || ':' || cast(lines.line_no as string) as act_key
    from {{ ref('fct_order_lines') }} as lines
    inner join {{ ref('fct_orders') }} as orders on lines.order_id = orders.order_id
    where orders.is_valid and orders.one_id is not null
),

waits as (
    select
        one_id,
        product_id,
        action,
        unit_price,
        act_date,
        lead(act_date) over (
            partition by one_id, product_id
            order by occurred_at nulls last, tie_order nulls last, act_key nulls last
        ) as next_act_date
    from acts
),

adds as (
    select
        policies.valid_from as policy_valid_from,
        waits.one_id,
        waits.product_id,
        waits.unit_price,
        waits.act_date,
        least(
            coalesce(waits.next_act_date, cast('9999-12-31' as date)),
            {{ add_days('waits.act_date', 'policies.cart_days') }}
        ) as to_date
    from waits
    cross join {{ ref('int_insight__warning_policies') }} as policies
    where waits.action = 'add'
),

prices as (
    select
        product_id,
        from_date,
        to_date,
        price
    from {{ ref('int_insight__price_spells') }}
)

select
    adds.policy_valid_from,
    adds.one_id,
    adds.product_id,
    adds.act_date as added_date,
    adds.unit_price,
    prices.price,
    greatest(adds.act_date, prices.from_date) as from_date,
    least(adds.to_date, prices.to_date) as to_date
from adds
inner join prices
    on
        adds.product_id = prices.product_id
        and adds.act_date < prices.to_date
        and adds.to_date > prices.from_date
where adds.act_date < adds.to_date and prices.price < adds.unit_price
