-- Grain: one row per evaluated day, person and product that is recommended then
-- At as_of to everybody who bought something, on the trial to so many of them at most.
with

policy as (
    select step, anchor_products, popular_products
    from {{ ref('int_insight__recommendation_days') }}
),

popularity as (
    select step, product_id, category_id, popularity, popularity_rank
    from {{ ref('int_insight__product_popularity') }}
),

unwanted as (
    select step, one_id, category_id, product_id, why
    from {{ ref('int_insight__unwanted_products') }}
),

histories as (
    select
        histories.step,
        histories.one_id,
        histories.product_id,
        histories.own_score,
        row_number() over (
            partition by histories.step, histories.one_id
            order by
                histories.last_date desc nulls last,
                histories.purchases desc nulls last,
                histories.product_id asc nulls last
        ) as anchor_rank
    from {{ ref('int_insight__product_histories') }} as histories
    inner join {{ ref('int_insight__recommendation_sizes') }} as sizes
        on histories.step = sizes.step
    where
        histories.purchases > 0
        and (histories.step = 0 or {{ key_number('histories.one_id') }} % sizes.trial_stride = 0)
),

paired as (
    select
        histories.step,
        histories.one_id,
        pairs.next_product_id as product_id,
        pairs.product_id as because_product_id,
        pairs.score,
        row_number() over (
            partition by histories.step, histories.one_id, pairs.next_product_id
            order by pairs.score desc nulls last, pairs.product_id asc nulls last
        ) as anchor_rank
    from histories
    inner join policy on histories.step = policy.step
    inner join {{ ref('int_insight__product_pairs') }} as pairs
        on histories.step = pairs.step and histories.product_id = pairs.product_id
    where histories.anchor_rank <= policy.anchor_products
),

found as (
    select
        histories.step,
        histories.one_id,
        histories.product_id,
        popularity.category_id,
        cast(null as string) as because_product_id,
        histories.own_score + popularity.popularity as score,
        'again' as reason
    from histories
    inner join popularity
        on histories.step = popularity.step and histories.product_id = popularity.product_id
    union all
    select
        paired.step,
        paired.one_id,
        paired.product_id,
        popularity.category_id,
        paired.because_product_id,
        paired.score,
        'bought_next' as reason
    from paired
    inner join popularity
        on paired.step = popularity.step and paired.product_id = popularity.product_id
    left join histories
        on
            paired.step = histories.step
            and paired.one_id = histories.one_id
            and paired.product_id = histories.product_id
    where paired.anchor_rank = 1 and histories.product_id is null
),

wanted as (
    select
        found.*,
        row_number() over (
            partition by found.step, found.one_id
            order by found.score desc nulls last, found.product_id asc nulls last
        ) as found_rank
    from found
    left join unwanted as not_due
        on
            found.step = not_due.step
            and found.one_id = not_due.one_id
            and found.category_id = not_due.category_id
            and not_due.why = 'not_due'
    left join unwanted as returned
        on
            found.step = returned.step
            and found.one_id = returned.one_id
            and found.product_id = returned.product_id
            and returned.why = 'returned'
    where not_due.one_id is null and returned.one_id is null
),

kept as (
    select * from wanted
    where found_rank <= 10
),

-- whoever has too few gets what is popular
gaps as (
    select histories.step, histories.one_id, policy.popular_products
    from histories
    inner join policy on histories.step = policy.step
    left join kept
        on
            histories.step = kept.step
            and histories.one_id = kept.one_id
            and kept.found_rank = 10
    where histories.anchor_rank = 1 and kept.one_id is null
),

popular as (
    select
        gaps.step,
        gaps.one_id,
        popularity.product_id,
        popularity.category_id,
        popularity.popularity
    from gaps
    inner join popularity
        on gaps.step = popularity.step and gaps.popular_products >= popularity.popularity_rank
    left join found
        on
            gaps.step = found.step
            and gaps.one_id = found.one_id
            and popularity.product_id = found.product_id
    left join unwanted as not_due
        on
            gaps.step = not_due.step
            and gaps.one_id = not_due.one_id
            and popularity.category_id = not_due.category_id
            and not_due.why = 'not_due'
    left join unwanted as returned
        on
            gaps.step = returned.step
            and gaps.one_id = returned.one_id
            and popularity.product_id = returned.product_id
            and returned.why = 'returned'
    where
        popularity.popularity > 0
        and found.one_id is null
        and not_due.one_id is null
        and returned.one_id is null
),

-- what a person does or goes on to do comes before what everybody buys
ranked as (
    select
        candidates.*,
        row_number() over (
            partition by candidates.step, candidates.one_id
            order by
                candidates.is_popular asc nulls last,
                candidates.score desc nulls last,
                candidates.product_id asc nulls last
        ) as product_rank
    from (
        select
            step,
            one_id,
            product_id,
            category_id,
            because_product_id,
            score,
            reason,
            0 as is_popular
        from kept
        union all
        select
            step,
            one_id,
            product_id,
            category_id,
            cast(null as string) as because_product_id,
            popularity as score,
            'popular' as reason,
            1 as is_popular
        from popular
    ) as candidates
)

select
    step,
    one_id,
    product_id,
    category_id,
    because_product_id,
    score,
    reason,
    product_rank
from ranked
where product_rank <= 10
