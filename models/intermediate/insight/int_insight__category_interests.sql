-- Grain: one row per person and category that it looked at, put into the cart or bought
-- A fact halves in weight with every half-life between its day and as_of.
with

products as (
    select product_id, category_id from {{ ref('dim_product') }}
),

facts as (
    select
        events.one_id,
        coalesce(events.category_id, products.category_id) as category_id,
        events.event_date as fact_date,
        events.event_type as fact_kind
    from {{ ref('fct_events') }} as events
    left join products on events.product_id = products.product_id
    where events.event_type in ('view', 'add_to_cart') and events.one_id is not null
    union all
    select
        one_id,
        category_id,
        order_date as fact_date,
        'purchase' as fact_kind
    from {{ ref('fct_order_lines') }}
    where is_valid and one_id is not null
),

weighted as (
    select
        facts.one_id,
        facts.category_id,
        facts.fact_date,
        case facts.fact_kind
            when 'view' then policy.view_weight
            when 'add_to_cart' then policy.cart_weight
            else policy.purchase_weight
        end as fact_weight,
        cast({{ days_between('facts.fact_date', 'policy.as_of_date') }} as double)
        / nullif(policy.half_life_days, 0) as half_lives
    from facts
    inner join {{ ref('int_insight__profile_policy') }} as policy
        on
            facts.fact_date > policy.window_opens_after_date
            and facts.fact_date <= policy.as_of_date
    where facts.category_id is not null
)

select
    one_id,
    category_id,
    cast(count(*) as bigint) as facts,
    -- ln 2
    {{ order_free_sum('fact_weight * exp(-0.6931471805599453 * half_lives)') }} as interest,
    min(fact_date) as first_date,
    max(fact_date) as last_date
from weighted
group by one_id, category_id
