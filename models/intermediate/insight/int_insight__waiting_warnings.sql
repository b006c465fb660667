-- Grain: one row per policy, person, product and stretch of days with many views and no order
with

least_views as (
    select min(wait_min_views) as wait_min_views
    from {{ ref('int_insight__warning_policies') }}
),

many_views as (
    select events.one_id, events.product_id
    from {{ ref('fct_events') }} as events
    cross join least_views
    where
        events.event_type = 'view'
        and events.one_id is not null
        and events.product_id is not null
    group by events.one_id, events.product_id
    having count(*) >= min(least_views.wait_min_views)
),


views as (
    select
        events.one_id,
        events.product_id,
        events.event_date as view_date,
        lead(events.event_date) over (
            partition by events.one_id, events.product_id
            order by
                events.event_date nulls last,
                events.event_channel nulls last,
                events.event_id nulls last
        ) as next_view_date,
        row_number() over (
            partition by events.one_id, events.product_id
            order by
                events.event_date nulls last,
                events.event_channel nulls last,
                events.event_id nulls last
        ) as view_number
    from {{ ref('fct_events') }} as events
    inner join many_views
        on events.one_id = many_views.one_id and events.product_id = many_views.product_id
    where events.event_type = 'view'
),

-- enough views lie in the window until the first of them leaves it
interests as (
    select
        policies.valid_from as policy_valid_from,
        policies.wait_days,
        views.one_id,
        views.product_id,
        views.view_date,
        views.view_number,
        least(
            coalesce(views.next_view_date, cast('9999-12-31' as date)),
            {{ add_days('first_views.view_date', 'policies.wait_days') }}
        ) as to_date
    from views
    cross join {{ ref('int_insight__warning_policies') }} as policies
    inner join views as first_views
        on
            views.one_id = first_views.one_id
            and views.product_id = first_views.product_id
            and views.view_number = first_views.view_number + policies.wait_min_views - 1
),

products as (
    select policy_valid_from, wait_days, one_id, product_id
    from interests
    group by policy_valid_from, wait_days, one_id, product_id
),

order_dates as (
    select
        products.policy_valid_from,
        products.wait_days,
        products.one_id,
        products.product_id,
        lines.order_date
    from {{ ref('fct_order_lines') }} as lines
    inner join products
        on lines.one_id = products.one_id and lines.product_id = products.product_id
    where lines.is_valid
    group by
        products.policy_valid_from,
        products.wait_days,
        products.one_id,
        products.product_id,
        lines.order_date
),

-- the days whose window holds no order: before the first one, and after each long enough
free_days as (
    select
        policy_valid_from,
        one_id,
        product_id,
        {{ add_days('order_date', 'wait_days') }} as from_date,
        coalesce(
            lead(order_date) over (
                partition by policy_valid_from, one_id, product_id order by order_date nulls last
            ),
            cast('9999-12-31' as date)
        ) as to_date
    from order_dates
    union all
    select
        products.policy_valid_from,
        products.one_id,
        products.product_id,
        cast('1900-01-01' as date) as from_date,
        coalesce(min(order_dates.order_date), cast('9999-12-31' as date)) as to_date
    from products
    left join order_dates
        on
            products.policy_valid_from = order_dates.policy_valid_from
            and products.one_id = order_dates.one_id
            and products.product_id = order_dates.product_id
    group by products.policy_valid_from, products.one_id, products.product_id
),

waits as (
    select
        interests.policy_valid_from,
        interests.wait_days,
        interests.one_id,
        interests.product_id,
        interests.view_date,
        interests.view_number,
        greatest(interests.view_date, free_days.from_date) as from_date,
        least(interests.to_date, free_days.to_date) as to_date
    from interests
    inner join free_days
        on
            interests.policy_valid_from = free_days.policy_valid_from
            and interests.one_id = free_days.one_id
            and interests.product_id = free_days.product_id
            and interests.view_date < free_days.to_date
            and interests.to_date > free_days.from_date
    where interests.view_date < interests.to_date
)

select
    waits.policy_valid_from,
    waits.one_id,
    waits.product_id,
    waits.view_date,
    waits.from_date,
    waits.to_date,
    cast(count(*) as bigint) as views
from waits
inner join views
    on
        waits.one_id = views.one_id
        and waits.product_id = views.product_id
        and waits.view_number >= views.view_number
        and {{ days_between('views.view_date', 'waits.view_date') }} < waits.wait_days
where waits.from_date < waits.to_date
group by
    waits.policy_valid_from,
    waits.one_id,
    waits.product_id,
    waits.view_number,
    waits.view_date,
    waits.from_date,
    waits.to_date
