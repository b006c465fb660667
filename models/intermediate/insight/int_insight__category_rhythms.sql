-- Grain: one row per category and period, with the rhythm that its gaps closed before show
with

cycles as (
    select category_id, max(ln(usage_cycle_days)) as log_cycle
    from {{ ref('dim_product') }}
    where usage_cycle_days > 0
    group by category_id
),

sums as (
    select
        months.category_id,
        months.period_start_date,
        months.gaps,
        months.log_gap_total,
        months.log_gap_squares,
        months.size_total,
        months.changes,
        months.size_squares,
        months.products,
        months.change_squares,
        sum(months.gaps) over (partition by months.period_start_date) as brand_gaps,
        sum(months.log_gap_total) over (
            partition by months.period_start_date
        ) as brand_log_gap_total,
        sum(months.size_total) over (partition by months.period_start_date) as brand_size_total,
        sum(months.changes) over (partition by months.period_start_date) as brand_changes,
        sum(months.size_squares) over (partition by months.period_start_date) as brand_size_squares,
        sum(months.products) over (partition by months.period_start_date) as brand_products,
        sum(months.change_squares) over (
            partition by months.period_start_date
        ) as brand_change_squares,
        cycles.log_cycle,
        policy.size_prior,
        policy.cycle_gaps,
        policy.spread_gaps,
        policy.outlier_deviations
    from {{ ref('int_insight__category_months') }} as months
    cross join {{ ref('int_insight__replenishment_policy') }} as policy
    left join cycles on months.category_id = cycles.category_id
),

-- the brand's elasticity first, towards which that of a category is drawn
brand_elasticities as (
    select
        category_id,
        period_start_date,
        gaps,
        log_gap_total,
        log_gap_squares,
        size_total,
        changes,
        size_squares,
        products,
        change_squares,
        brand_gaps,
        brand_log_gap_total,
        brand_size_total,
        brand_changes,
        brand_size_squares,
        brand_products,
        brand_change_squares,
        log_cycle,
        size_prior,
        cycle_gaps,
        spread_gaps,
        outlier_deviations,
        greatest(
            least(cast(brand_products as double) / nullif(brand_size_squares + size_prior, 0), 1), 0
        ) as brand_elasticity
    from sums
),

elasticities as (
    select
        category_id,
        period_start_date,
        gaps,
        log_gap_total,
        log_gap_squares,
        size_total,
        changes,
        size_squares,
        products,
        change_squares,
        brand_elasticity,
        log_cycle,
        cycle_gaps,
        spread_gaps,
        outlier_deviations,
        cast(brand_log_gap_total - brand_elasticity * brand_size_total as double)
        / nullif(brand_gaps, 0) as brand_mean,
        cast(
            brand_change_squares - 2 * brand_elasticity * brand_products
            + brand_elasticity * brand_elasticity * brand_size_squares as double
        ) / nullif(2 * brand_changes, 0) as brand_variance,
        greatest(
            least(
                cast(products + size_prior * brand_elasticity as double)
                / nullif(size_squares + size_prior, 0),
                1
            ),
            0
        ) as elasticity
    from brand_elasticities
),

means as (
    select
        category_id,
        period_start_date,
        gaps,
        changes,
        elasticity,
        brand_variance,
        log_cycle,
        spread_gaps,
        outlier_deviations,
        log_gap_total - elasticity * size_total as pace_total,
        coalesce(log_cycle, brand_mean) as prior_mean,
        case when coalesce(log_cycle, brand_mean) is null then 0 else cycle_gaps end as prior_gaps,
        cast(
            change_squares - 2 * elasticity * products
            + elasticity * elasticity * size_squares as double
        ) / 2 as squares,
        cast(log_gap_total as double) / nullif(gaps, 0) as log_gap_mean,
        cast(log_gap_squares as double) / nullif(gaps, 0) as log_gap_square_mean
    from elasticities
),

spreads as (
    select
        category_id,
        period_start_date,
        gaps,
        elasticity,
        log_cycle,
        cast(pace_total + coalesce(prior_gaps * prior_mean, 0) as double)
        / nullif(gaps + prior_gaps, 0) as log_mean,
        coalesce(
            cast(squares + spread_gaps * brand_variance as double)
            / nullif(changes + spread_gaps, 0),
            0.5
        ) as variance,
        cast(pace_total as double) / nullif(gaps, 0) as own_mean,
        case
            when gaps >= 2
                then
                    outlier_deviations
                    * sqrt(greatest(log_gap_square_mean - log_gap_mean * log_gap_mean, 0))
        end as reach
    from means
)

select
    category_id,
    period_start_date,
    gaps,
    elasticity,
    log_cycle,
    log_mean,
    variance,
    own_mean - reach as lowest_pace,
    own_mean + reach as highest_pace
from spreads
