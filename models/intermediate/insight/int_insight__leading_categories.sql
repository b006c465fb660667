-- Grain: one row per person and early order date: the category with the greatest revenue through it
-- Early: before the person has gaps enough for a rhythm of its own.
with

gaps_needed as (
    select max(adaptive_min_gaps) as min_gaps from {{ ref('int_insight__lifecycle_policies') }}
),

order_days as (
    select order_days.one_id, order_days.order_date
    from {{ ref('int_insight__order_days') }} as order_days
    inner join gaps_needed on order_days.gaps < gaps_needed.min_gaps
),

category_days as (
    select one_id, order_date, category_id, sum(net_amount) as revenue
    from {{ ref('fct_order_lines') }}
    where is_valid and one_id is not null and category_id is not null
    group by one_id, order_date, category_id
),

revenue_through as (
    select
        order_days.one_id,
        order_days.order_date,
        category_days.category_id,
        sum(category_days.revenue) as revenue
    from order_days
    inner join category_days
        on
            order_days.one_id = category_days.one_id
            and order_days.order_date >= category_days.order_date
    group by order_days.one_id, order_days.order_date, category_days.category_id
),

ranked_categories as (
    select
        one_id,
        order_date,
        category_id,
        row_number() over (
            partition by one_id, order_date
            order by revenue desc nulls last, category_id asc nulls last
        ) as category_rank
    from revenue_through
)

select
    ranked_categories.one_id,
    ranked_categories.order_date,
    ranked_categories.category_id,
    categories.usage_cycle_days
from ranked_categories
left join {{ ref('stg_catalog__categories') }} as categories
    on ranked_categories.category_id = categories.category_id
where ranked_categories.category_rank = 1
