-- Grain: one row per metric of the trial of lifetime value: the 180 days that end on as_of
with

trials as (
    select
        'model' as side,
        one_id,
        expected_purchases as told_purchases,
        expected_revenue as told_revenue,
        cast(later_purchases as double) as later_purchases,
        later_revenue
    from {{ ref('int_insight__value_expectations') }}
    where step = 2
    union all
    select
        'baseline' as side,
        one_id,
        cast(recent_purchases as double) as told_purchases,
        recent_revenue as told_revenue,
        cast(later_purchases as double) as later_purchases,
        later_revenue
    from {{ ref('int_insight__value_expectations') }}
    where step = 2
),

placed as (
    select
        trials.*,
        cast(floor(cast(10 * (row_number() over (
            partition by trials.side
            order by trials.told_revenue desc nulls last, trials.one_id asc nulls last
        ) - 1) as double) / nullif(count(*) over (partition by trials.side), 0)) as integer) + 1
            as tenth
    from trials
),

tenths as (
    select
        side,
        tenth,
        count(*) as people,
        sum(told_revenue) as told_revenue,
        sum(later_revenue) as later_revenue
    from placed
    group by side, tenth
),

tenth_totals as (
    select
        side,
        sum(abs(told_revenue - later_revenue)) as tenth_miss,
        sum(case when tenth = 1 then later_revenue else 0 end) as top_revenue
    from tenths
    group by side
),

totals as (
    select
        side,
        count(*) as people,
        sum(told_purchases) as told_purchases,
        sum(later_purchases) as later_purchases,
        sum(told_revenue) as told_revenue,
        sum(later_revenue) as later_revenue,
        avg(cast(abs(told_revenue - later_revenue) as double)) as mean_miss,
        sqrt(avg(cast(
            (told_revenue - later_revenue) * (told_revenue - later_revenue) as double
        ))) as root_square_miss
    from placed
    group by side
),

measured as (
    {%- set ratio = "cast({} as double) / nullif({}, 0)" %}
    {%- for metric, value in [
        ('purchases_over_actual', ratio.format('totals.told_purchases', 'totals.later_purchases')),
        ('revenue_over_actual', ratio.format('totals.told_revenue', 'totals.later_revenue')),
        ('mean_absolute_error', 'totals.mean_miss'),
        ('root_mean_square_error', 'totals.root_square_miss'),
        ('tenth_error_share', ratio.format('tenth_totals.tenth_miss', 'totals.later_revenue')),
        ('top_tenth_revenue_share',
         ratio.format('tenth_totals.top_revenue', 'totals.later_revenue')),
    ] %}
    select
        totals.side,
        '{{ metric }}' as metric,
        {{ value }} as value
    from totals
    inner join tenth_totals on totals.side = tenth_totals.side
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select
    models.metric,
    models.value,
    baselines.value as baseline_value,
    'days_before' as baseline
from measured as models
inner join measured as baselines
    on models.metric = baselines.metric and baselines.side = 'baseline'
where models.side = 'model' and models.value is not null
union all
select
    'revenue_of_tenth_' || cast(tenth as string) as metric,
    cast(told_revenue as double) / nullif(people, 0) as value,
    cast(later_revenue as double) / nullif(people, 0) as baseline_value,
    'actual' as baseline
from tenths
where side = 'model'
union all
select
    'people' as metric,
    cast(people as double) as value,
    cast(null as double) as baseline_value,
    'none' as baseline
from totals
where side = 'model'
