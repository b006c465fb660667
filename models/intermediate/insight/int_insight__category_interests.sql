-- Grain: one row per judged day, person and category that it looked at, put into the cart or bought
-- A fact halves in weight with every half-life between its day and the judged one; of
-- equal interests the smaller category is first.
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

aged as (
    select
        days.evaluated_date,
        facts.one_id,
        facts.category_id,
        facts.fact_date,
        facts.fact_kind,
        cast({{ days_between('facts.fact_date', 'days.evaluated_date') }} as double)
        / nullif(days.half_life_days, 0) as half_lives
    from facts
    inner join {{ ref('int_insight__profile_days') }} as days
        on
            facts.fact_date > days.window_opens_after_date
            and facts.fact_date <= days.evaluated_date
    where facts.category_id is not null
),

counted as (
    select
        evaluated_date,
        one_id,
        category_id,
        cast(count(*) as bigint) as facts,
        {%- for kind, part in [
            ('view', 'view'), ('add_to_cart', 'cart'), ('purchase', 'purchase'),
        ] %}
        cast(sum(case when fact_kind = '{{ kind }}' then 1 else 0 end) as bigint)
            as {{ part }}_facts,
        -- ln 2
        {{ order_free_sum(
            "case when fact_kind = '" ~ kind ~ "'"
            " then exp(-0.6931471805599453 * half_lives) else 0 end"
        ) }} as {{ part }}_remainder,
        {%- endfor %}
        min(fact_date) as first_date,
        max(fact_date) as last_date
    from aged
    group by evaluated_date, one_id, category_id
),

weighted as (
    select
        counted.evaluated_date,
        counted.one_id,
        counted.category_id,
        counted.facts,
        counted.view_facts,
        counted.cart_facts,
        counted.purchase_facts,
        counted.view_remainder * days.view_weight as view_interest,
        counted.cart_remainder * days.cart_weight as cart_interest,
        counted.purchase_remainder * days.purchase_weight as purchase_interest,
        -- so that equals are equal, whatever they are the sum of
        cast(
            counted.view_remainder * days.view_weight
            + counted.cart_remainder * days.cart_weight
            + counted.purchase_remainder * days.purchase_weight as decimal(28, 12)
        ) as interest,
        counted.first_date,
        counted.last_date
    from counted
    inner join {{ ref('int_insight__profile_days') }} as days
        on counted.evaluated_date = days.evaluated_date
)

select
    evaluated_date,
    one_id,
    category_id,
    facts,
    view_facts,
    cart_facts,
    purchase_facts,
    view_interest,
    cart_interest,
    purchase_interest,
    cast(interest as double) as interest,
    cast(interest as double)
    / nullif(cast(sum(interest) over (partition by evaluated_date, one_id) as double), 0)
        as interest_share,
    cast(
        row_number() over (
            partition by evaluated_date, one_id
            order by cast(interest as decimal(28, 9)) desc nulls last, category_id asc nulls last
        ) as integer
    ) as interest_rank,
    sum(facts) over (partition by evaluated_date, one_id) as facts_of_all,
    first_date,
    last_date
from weighted
