-- Grain: one row per policy, person, category and stretch of days too long after its last purchase
with

categories as (
    select category_id, max(usage_cycle_days) as usage_cycle_days
    from {{ ref('dim_product') }}
    where category_id is not null
    group by category_id
),

purchases as (
    select
        policies.valid_from as policy_valid_from,
        purchases.one_id,
        purchases.category_id,
        purchases.order_date,
        coalesce(purchases.next_order_date, cast('9999-12-31' as date)) as next_order_date,
        purchases.purchase_number - 1 as gaps,
        {{ days_between('purchases.first_order_date', 'purchases.order_date') }} as days_of_gaps,
        policies.overdue_own_gaps,
        policies.overdue_multiple,
        categories.usage_cycle_days
    from {{ ref('int_insight__category_purchases') }} as purchases
    cross join {{ ref('int_insight__warning_policies') }} as policies
    left join categories on purchases.category_id = categories.category_id
    where purchases.purchase_number >= policies.overdue_min_purchases
),

intervals as (
    select
        policy_valid_from,
        one_id,
        category_id,
        order_date,
        next_order_date,
        overdue_multiple,
        case
            when gaps >= overdue_own_gaps then cast(days_of_gaps as double) / nullif(gaps, 0)
            else usage_cycle_days
        end as expected_interval_days
    from purchases
),

overdue as (
    select
        policy_valid_from,
        one_id,
        category_id,
        order_date,
        next_order_date,
        expected_interval_days,
        cast(floor(overdue_multiple * expected_interval_days) as integer) + 1 as overdue_days
    from intervals
    where expected_interval_days is not null
)

select
    policy_valid_from,
    one_id,
    category_id,
    order_date,
    expected_interval_days,
    {{ add_days('order_date', 'overdue_days') }} as from_date,
    next_order_date as to_date
from overdue
where {{ add_days('order_date', 'overdue_days') }} < next_order_date
