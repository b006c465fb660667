-- Grain: one row per person, category and date of a valid order with a line of the category
with

purchases as (
    select
        one_id,
        category_id,
        order_date,
        {{ as_money('sum(net_amount)') }} as net_amount
    from {{ ref('fct_order_lines') }}
    where is_valid and one_id is not null and category_id is not null
    group by one_id, category_id, order_date
)

select
    one_id,
    category_id,
    order_date,
    net_amount,
    min(order_date) over (partition by one_id, category_id) as first_order_date,
    lead(order_date) over (
        partition by one_id, category_id order by order_date nulls last
    ) as next_order_date,
    row_number() over (
        partition by one_id, category_id order by order_date nulls last
    ) as purchase_number
from purchases
