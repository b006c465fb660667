-- Grain: one row per evaluated day, product and product that is bought after it more than by chance
-- The number of pairs is bounded: few products a person, the widest spread ones, and where that is
-- still too many, fewer people.
with

policy as (
    select step, paired_products, min_support, shrinkage, pairs_per_product
    from {{ ref('int_insight__recommendation_days') }}
),

popularity as (
    select step, product_id, buyers, popularity
    from {{ ref('int_insight__product_popularity') }}
),

spread as (
    select
        histories.step,
        histories.one_id,
        histories.product_id,
        histories.first_date,
        row_number() over (
            partition by histories.step, histories.one_id
            order by popularity.buyers desc nulls last, histories.product_id asc nulls last
        ) as product_rank
    from {{ ref('int_insight__product_histories') }} as histories
    inner join popularity
        on histories.step = popularity.step and histories.product_id = popularity.product_id
    inner join policy on histories.step = policy.step
    where histories.purchases > 0 and popularity.buyers >= policy.min_support
),

bounded as (
    select spread.step, spread.one_id, spread.product_id, spread.first_date
    from spread
    inner join policy on spread.step = policy.step
    where spread.product_rank <= policy.paired_products
),

-- one person of so many teaches
taught as (
    select bounded.step, bounded.one_id, bounded.product_id, bounded.first_date
    from bounded
    inner join {{ ref('int_insight__recommendation_sizes') }} as sizes on bounded.step = sizes.step
    where {{ key_number('bounded.one_id') }} % sizes.teaching_stride = 0
),

teachers as (
    select step, count(distinct one_id) as people from taught
    group by step
),

buyers as (
    select step, product_id, count(*) as buyers from taught
    group by step, product_id
),

pairs as (
    select
        earlier.step,
        earlier.product_id,
        later.product_id as next_product_id,
        count(*) as people
    from taught as earlier
    inner join taught as later
        on
            earlier.step = later.step
            and earlier.one_id = later.one_id
            and earlier.first_date < later.first_date
    group by earlier.step, earlier.product_id, later.product_id
),

-- by chance half of those who bought both bought this one first
lifts as (
    select
        pairs.step,
        pairs.product_id,
        pairs.next_product_id,
        pairs.people,
        policy.pairs_per_product,
        popularity.popularity,
        cast(pairs.people + policy.shrinkage as double) / nullif(
            cast(buyers.buyers as double) * next_buyers.buyers * 0.5
            * (cast(1 as double) / nullif(teachers.people, 0)) + policy.shrinkage, 0
        ) as lift
    from pairs
    inner join policy on pairs.step = policy.step
    inner join teachers on pairs.step = teachers.step
    inner join buyers on pairs.step = buyers.step and pairs.product_id = buyers.product_id
    inner join buyers as next_buyers
        on pairs.step = next_buyers.step and pairs.next_product_id = next_buyers.product_id
    inner join popularity
        on pairs.step = popularity.step and pairs.next_product_id = popularity.product_id
    where pairs.people >= policy.min_support and popularity.popularity > 0
),

ranked as (
    select
        lifts.*,
        row_number() over (
            partition by lifts.step, lifts.product_id
            order by
                lifts.lift * lifts.popularity desc nulls last,
                lifts.next_product_id asc nulls last
        ) as pair_rank
    from lifts
    where lifts.lift > 1
)

select
    step,
    product_id,
    next_product_id,
    people,
    lift,
    lift * popularity as score
from ranked
where pair_rank <= pairs_per_product
