-- Grain: one row per person and category that the person has bought
with

expectations as (
    select
        one_id,
        category_id,
        purchase_date,
        units,
        packs,
        is_bulk,
        purchase_number,
        own_gaps,
        gap_days,
        basis,
        expected_days,
        shortest_days,
        longest_days
    from {{ ref('int_insight__replenishment_expectations') }}
    where is_forecast
),

as_of as (
    select as_of_date from {{ ref('stg_rekindle__as_of') }}
),

dated as (
    select
        as_of.as_of_date,
        expectations.*,
        {{ add_days(
            'expectations.purchase_date', 'cast(floor(expectations.expected_days + 0.5) as integer)'
        ) }} as due_date,
        {{ add_days(
            'expectations.purchase_date', 'cast(floor(expectations.shortest_days) as integer)'
        ) }} as earliest_due_date,
        {{ add_days(
            'expectations.purchase_date', 'cast(ceil(expectations.longest_days) as integer)'
        ) }} as latest_due_date
    from expectations
    cross join as_of
)

select
    as_of_date,
    one_id,
    category_id,
    purchase_date as last_purchase_date,
    cast(purchase_number as bigint) as purchases,
    cast(own_gaps as bigint) as own_gaps,
    units as last_units,
    packs as last_packs,
    is_bulk as is_last_bulk,
    gap_days as days_since_last_purchase,
    expected_days as expected_interval_days,
    due_date,
    earliest_due_date,
    latest_due_date,
    {{ days_between('as_of_date', 'due_date') }} as days_until_due,
    as_of_date > latest_due_date as is_overdue,
    basis
from dated
