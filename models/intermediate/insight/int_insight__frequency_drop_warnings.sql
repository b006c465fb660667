-- Grain: one row per policy, person and stretch of days in which orders have halved
-- An order enters the recent window on its day, leaves it for the window before, and comes back a
-- year later as last year's; between two such days no count changes.
with

order_days as (
    select
        order_days.one_id,
        order_days.order_date,
        order_days.orders,
        order_days.first_order_date,
        policies.valid_from as policy_valid_from,
        policies.drop_window_days
    from {{ ref('int_insight__order_days') }} as order_days
    cross join {{ ref('int_insight__warning_policies') }} as policies
),

points as (
    {%- for days, recent, before, year_before in [
        ('0', 'orders', '0', '0'),
        ('drop_window_days', '-orders', 'orders', '0'),
        ('2 * drop_window_days', '0', '-orders', '0'),
        ('365', '0', '0', 'orders'),
        ('365 + drop_window_days', '0', '0', '-orders'),
    ] %}
    select
        policy_valid_from,
        one_id,
        first_order_date,
        {{ add_days('order_date', days) }} as point_date,
        {{ recent }} as recent_change,
        {{ before }} as before_change,
        {{ year_before }} as year_before_change
    from order_days
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

changes as (
    select
        points.policy_valid_from,
        points.one_id,
        points.first_order_date,
        points.point_date,
        sum(points.recent_change) as recent_change,
        sum(points.before_change) as before_change,
        sum(points.year_before_change) as year_before_change
    from points
    inner join {{ ref('stg_rekindle__as_of') }} as as_of on points.point_date <= as_of.as_of_date
    group by
        points.policy_valid_from, points.one_id, points.first_order_date, points.point_date
),

counts as (
    select
        policy_valid_from,
        one_id,
        first_order_date,
        point_date,
        lead(point_date) over (
            partition by policy_valid_from, one_id order by point_date nulls last
        ) as next_point_date,
        sum(recent_change) over (
            partition by policy_valid_from, one_id order by point_date nulls last
            rows between unbounded preceding and current row
        ) as recent_orders,
        sum(before_change) over (
            partition by policy_valid_from, one_id order by point_date nulls last
            rows between unbounded preceding and current row
        ) as orders_before,
        sum(year_before_change) over (
            partition by policy_valid_from, one_id order by point_date nulls last
            rows between unbounded preceding and current row
        ) as orders_year_before
    from changes
),

bases as (
    select
        counts.policy_valid_from,
        counts.one_id,
        counts.point_date,
        counts.next_point_date,
        counts.recent_orders,
        case
            when
                {{ days_between('counts.first_order_date', 'counts.point_date') }}
                < 365 + policies.drop_window_days
                then counts.orders_before
            else counts.orders_year_before
        end as base_orders,
        case
            when
                {{ days_between('counts.first_order_date', 'counts.point_date') }}
                < 365 + policies.drop_window_days
                then 'days_before'
            else 'year_before'
        end as base_kind,
        policies.drop_min_base_orders,
        policies.drop_max_share
    from counts
    inner join {{ ref('int_insight__warning_policies') }} as policies
        on counts.policy_valid_from = policies.valid_from
)

select
    policy_valid_from,
    one_id,
    point_date as from_date,
    coalesce(next_point_date, cast('9999-12-31' as date)) as to_date,
    cast(recent_orders as bigint) as recent_orders,
    cast(base_orders as double) as base_orders,
    base_kind
from bases
where base_orders >= drop_min_base_orders and recent_orders <= drop_max_share * base_orders
