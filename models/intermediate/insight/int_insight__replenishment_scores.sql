-- Grain: one row per metric of the back-test of replenishment
with

trials as (
    select one_id, category_id, is_open, gap_days, expected_days, shortest_days, longest_days
    from {{ ref('int_insight__replenishment_expectations') }}
    where not is_forecast and purchase_number >= 3
),

closed_gaps as (
    select category_id, gap_days
    from {{ ref('int_insight__category_gaps') }}
    where gap_days is not null
),

category_medians as (
    select category_id, {{ median_of('gap_days') }} as gap_days
    from closed_gaps
    group by category_id
),

brand_medians as (
    select {{ median_of('gap_days') }} as gap_days from closed_gaps
),

policy as (
    select hit_days, interval_share from {{ ref('int_insight__replenishment_policy') }}
),

judged as (
    select
        trials.is_open,
        trials.gap_days,
        policy.interval_share,
        abs(trials.expected_days - trials.gap_days) as miss,
        abs(category_medians.gap_days - trials.gap_days) as category_miss,
        case
            when trials.is_open then trials.expected_days > trials.gap_days
            else abs(trials.expected_days - trials.gap_days) <= policy.hit_days
        end as is_hit,
        case
            when trials.is_open then category_medians.gap_days > trials.gap_days
            else abs(category_medians.gap_days - trials.gap_days) <= policy.hit_days
        end as is_category_hit,
        case
            when trials.is_open then brand_medians.gap_days > trials.gap_days
            else abs(brand_medians.gap_days - trials.gap_days) <= policy.hit_days
        end as is_brand_hit,
        trials.gap_days <= trials.longest_days
        and (trials.is_open or trials.gap_days >= trials.shortest_days) as is_covered
    from trials
    inner join category_medians on trials.category_id = category_medians.category_id
    cross join brand_medians
    cross join policy
),

totals as (
    select
        count(*) as trials,
        avg(cast(case when is_hit then 1 else 0 end as double)) as hit_rate,
        avg(cast(case when is_category_hit then 1 else 0 end as double)) as category_hit_rate,
        avg(cast(case when is_brand_hit then 1 else 0 end as double)) as brand_hit_rate,
        avg(cast(case when is_covered then 1 else 0 end as double)) as coverage,
        max(interval_share) as interval_share,
        avg(cast(case when not is_open then miss end as double)) as mean_miss,
        avg(cast(case when not is_open then category_miss end as double)) as category_mean_miss
    from judged
)

select
    'hit_rate' as metric,
    hit_rate as value,
    category_hit_rate as baseline_value,
    'category_median' as baseline
from totals
where trials > 0
union all
select
    'hit_rate_over_all' as metric,
    hit_rate as value,
    brand_hit_rate as baseline_value,
    'global_median' as baseline
from totals
where trials > 0
union all
select
    'mean_absolute_error_days' as metric,
    mean_miss as value,
    category_mean_miss as baseline_value,
    'category_median' as baseline
from totals
where mean_miss is not null
union all
select
    'interval_coverage' as metric,
    coverage as value,
    interval_share as baseline_value,
    'promised_share' as baseline
from totals
where trials > 0
union all
select
    'trials' as metric,
    cast(trials as double) as value,
    cast(null as double) as baseline_value,
    'none' as baseline
from totals
where trials > 0
