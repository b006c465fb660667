-- Grain: one row per person, category and day with a purchase, with the gap that it closed
with

purchases as (
    select
        one_id,
        category_id,
        purchase_date,
        units,
        packs,
        is_bulk,
        log_size,
        row_number() over (
            partition by one_id, category_id order by purchase_date nulls last
        ) as purchase_number,
        lag(purchase_date) over (
            partition by one_id, category_id order by purchase_date nulls last
        ) as previous_date,
        lead(purchase_date) over (
            partition by one_id, category_id order by purchase_date nulls last
        ) as next_date,
        lag(log_size) over (
            partition by one_id, category_id order by purchase_date nulls last
        ) as opening_size
    from {{ ref('int_insight__sized_purchases') }}
),

gaps as (
    select
        one_id,
        category_id,
        purchase_date,
        {{ start_of_month('purchase_date') }} as purchase_month,
        units,
        packs,
        is_bulk,
        log_size,
        purchase_number,
        next_date,
        opening_size,
        {{ days_between('previous_date', 'purchase_date') }} as gap_days,
        ln(cast({{ days_between('previous_date', 'purchase_date') }} as double)) as log_gap
    from purchases
)

select
    one_id,
    category_id,
    purchase_date,
    purchase_month,
    units,
    packs,
    is_bulk,
    log_size,
    purchase_number,
    next_date,
    opening_size,
    gap_days,
    log_gap,
    opening_size - lag(opening_size) over (
        partition by one_id, category_id order by purchase_date nulls last
    ) as size_change,
    log_gap - lag(log_gap) over (
        partition by one_id, category_id order by purchase_date nulls last
    ) as log_gap_change
from gaps
