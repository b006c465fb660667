-- Grain: one row per version of the models, with how far off its purchases are on the trial
with

histories as (
    select purchases, past_revenue, later_purchases, later_revenue
    from {{ ref('int_insight__spending_histories') }}
    where step = 2
),

units as (
    select cast(sum(past_revenue) as double) / nullif(sum(purchases), 0) as unit
    from histories
),

told as (
    select
        versions.version_code,
        cast(histories.later_purchases as double) as later_purchases,
        cast(histories.later_revenue as double) / nullif(histories.later_purchases, 0)
            as later_value,
        {{ purchase_value('histories.purchases', 'histories.past_revenue', 'units.unit') }}
            as expected_value
    from histories
    cross join units
    cross join {{ ref('int_insight__model_versions') }} as versions
    where histories.later_purchases > 0
),

misses as (
    select
        version_code,
        sqrt(
            cast(sum(
                later_purchases * (expected_value - later_value) * (expected_value - later_value)
            ) as double) / nullif(sum(later_purchases), 0)
        ) as root_square_miss
    from told
    group by version_code
)

-- a brand that is too young for a trial takes the first version by name
select
    versions.version_code,
    misses.root_square_miss,
    row_number() over (
        order by misses.root_square_miss nulls last, versions.version_code nulls last
    ) as version_rank
from {{ ref('int_insight__model_versions') }} as versions
left join misses on versions.version_code = misses.version_code
