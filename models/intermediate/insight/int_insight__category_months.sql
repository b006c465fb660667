-- Grain: one row per category and period, with what its gaps closed before the period sum up to
with

gaps as (
    select
        category_id,
        purchase_month,
        log_gap,
        opening_size,
        log_gap_change,
        size_change
    from {{ ref('int_insight__category_gaps') }}
),

monthly as (
    select
        category_id,
        purchase_month,
        count(log_gap) as gaps,
        sum(log_gap) as log_gap_total,
        sum(log_gap * log_gap) as log_gap_squares,
        sum(case when log_gap is not null then opening_size end) as size_total,
        count(log_gap_change) as changes,
        sum(size_change * size_change) as size_squares,
        sum(size_change * log_gap_change) as products,
        sum(log_gap_change * log_gap_change) as change_squares
    from gaps
    group by category_id, purchase_month
),

first_months as (
    select
        min(gaps.purchase_month) as first_month,
        max(as_of.as_of_date) as as_of_date
    from gaps
    cross join {{ ref('stg_rekindle__as_of') }} as as_of
),

months as (
    select
        {{ date_series('first_month', start_of_month('as_of_date'), 'month') }}
            as period_start_date
    from first_months
    where first_month is not null
),

periods as (
    select period_start_date from months
    union all
    select {{ add_days('as_of_date', 1) }} as period_start_date from first_months
    where first_month is not null
),

categories as (
    select category_id from monthly
    group by category_id
),

grid as (
    select
        categories.category_id,
        periods.period_start_date,
        coalesce(monthly.gaps, 0) as gaps,
        coalesce(monthly.log_gap_total, 0) as log_gap_total,
        coalesce(monthly.log_gap_squares, 0) as log_gap_squares,
        coalesce(monthly.size_total, 0) as size_total,
        coalesce(monthly.changes, 0) as changes,
        coalesce(monthly.size_squares, 0) as size_squares,
        coalesce(monthly.products, 0) as products,
        coalesce(monthly.change_squares, 0) as change_squares
    from categories
    cross join periods
    left join monthly
        on
            categories.category_id = monthly.category_id
            and periods.period_start_date = monthly.purchase_month
),

totals as (
    select
        category_id,
        period_start_date,
        sum(gaps) over (
            partition by category_id order by period_start_date nulls last
            rows between unbounded preceding and 1 preceding
        ) as gaps,
        sum(log_gap_total) over (
            partition by category_id order by period_start_date nulls last
            rows between unbounded preceding and 1 preceding
        ) as log_gap_total,
        sum(log_gap_squares) over (
            partition by category_id order by period_start_date nulls last
            rows between unbounded preceding and 1 preceding
        ) as log_gap_squares,
        sum(size_total) over (
            partition by category_id order by period_start_date nulls last
            rows between unbounded preceding and 1 preceding
        ) as size_total,
        sum(changes) over (
            partition by category_id order by period_start_date nulls last
            rows between unbounded preceding and 1 preceding
        ) as changes,
        sum(size_squares) over (
            partition by category_id order by period_start_date nulls last
            rows between unbounded preceding and 1 preceding
        ) as size_squares,
        sum(products) over (
            partition by category_id order by period_start_date nulls last
            rows between unbounded preceding and 1 preceding
        ) as products,
        sum(change_squares) over (
            partition by category_id order by period_start_date nulls last
            rows between unbounded preceding and 1 preceding
        ) as change_squares
    from grid
)

select
    category_id,
    period_start_date,
    cast(coalesce(gaps, 0) as double) as gaps,
    cast(coalesce(log_gap_total, 0) as double) as log_gap_total,
    cast(coalesce(log_gap_squares, 0) as double) as log_gap_squares,
    cast(coalesce(size_total, 0) as double) as size_total,
    cast(coalesce(changes, 0) as double) as changes,
    cast(coalesce(size_squares, 0) as double) as size_squares,
    cast(coalesce(products, 0) as double) as products,
    cast(coalesce(change_squares, 0) as double) as change_squares
from totals
