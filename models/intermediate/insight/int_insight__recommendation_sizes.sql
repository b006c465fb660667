-- Grain: one row per evaluated day: one person of how many teaches, and one of how many is tried
-- A table of its own, so that Spark knows how short it is and moves no list of persons to meet it.
with

popularity as (
    select step, product_id, buyers
    from {{ ref('int_insight__product_popularity') }}
),

policy as (
    select step, paired_products, learnt_pairs, min_support, trial_people
    from {{ ref('int_insight__recommendation_days') }}
),

-- as many products as are paired: the widest spread ones, of which n make n * (n - 1) / 2 pairs
people as (
    select
        histories.step,
        histories.one_id,
        least(
            sum(case when popularity.buyers >= policy.min_support then 1 else 0 end),
            max(policy.paired_products)
        ) as products
    from {{ ref('int_insight__product_histories') }} as histories
    inner join policy on histories.step = policy.step
    left join popularity
        on histories.step = popularity.step and histories.product_id = popularity.product_id
    where histories.purchases > 0
    group by histories.step, histories.one_id
),

counted as (
    select
        step,
        count(*) as people,
        sum(products * (products - 1)) as ordered_pairs
    from people
    group by step
)

select
    policy.step,
    greatest(
        cast(ceil(
            cast(counted.ordered_pairs as double) / nullif(2 * policy.learnt_pairs, 0)
        ) as bigint), 1
    ) as teaching_stride,
    greatest(
        cast(ceil(cast(counted.people as double) / nullif(policy.trial_people, 0)) as bigint), 1
    ) as trial_stride
from policy
inner join counted on policy.step = counted.step
