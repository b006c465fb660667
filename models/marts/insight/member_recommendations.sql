-- Grain: one row per person and rank: first products, then categories, then benefits
with

policy as (
    select as_of_date, categories, benefits
    from {{ ref('int_insight__recommendation_days') }}
    where step = 0
),

products as (
    select one_id, product_id, category_id, because_product_id, score, reason, product_rank
    from {{ ref('int_insight__product_candidates') }}
    where step = 0
),

category_scores as (
    select
        one_id,
        category_id,
        {{ order_free_sum('score') }} as score,
        min(product_rank) as product_rank
    from products
    where category_id is not null
    group by one_id, category_id
),

ranked_categories as (
    select
        category_scores.one_id,
        category_scores.category_id,
        category_scores.score,
        products.because_product_id,
        products.reason,
        row_number() over (
            partition by category_scores.one_id
            order by
                category_scores.score desc nulls last,
                category_scores.category_id asc nulls last
        ) as category_rank
    from category_scores
    inner join products
        on
            category_scores.one_id = products.one_id
            and category_scores.product_rank = products.product_rank
),

recommended as (
    select
        one_id,
        1 as kind_order,
        'product' as kind,
        product_id,
        category_id,
        cast(null as string) as benefit_id,
        score,
        reason,
        because_product_id,
        cast(null as string) as like_motivation,
        product_rank as rank_of_kind
    from products
    union all
    select
        ranked_categories.one_id,
        2 as kind_order,
        'category' as kind,
        cast(null as string) as product_id,
        ranked_categories.category_id,
        cast(null as string) as benefit_id,
        ranked_categories.score,
        ranked_categories.reason,
        ranked_categories.because_product_id,
        cast(null as string) as like_motivation,
        ranked_categories.category_rank as rank_of_kind
    from ranked_categories
    cross join policy
    where ranked_categories.category_rank <= policy.categories
    union all
    select
        choices.one_id,
        3 as kind_order,
        'benefit' as kind,
        cast(null as string) as product_id,
        cast(null as string) as category_id,
        choices.benefit_id,
        choices.score,
        case when choices.own_uses > 0 then 'used_again' else 'used_by_like' end as reason,
        cast(null as string) as because_product_id,
        choices.motivation as like_motivation,
        choices.benefit_rank as rank_of_kind
    from {{ ref('int_insight__benefit_choices') }} as choices
    cross join policy
    where choices.benefit_rank <= policy.benefits
)

select
    policy.as_of_date,
    recommended.one_id,
    cast(row_number() over (
        partition by recommended.one_id
        order by recommended.kind_order nulls last, recommended.rank_of_kind nulls last
    ) as integer) as rank,
    recommended.kind,
    recommended.product_id,
    recommended.category_id,
    recommended.benefit_id,
    recommended.score,
    recommended.reason,
    recommended.because_product_id,
    recommended.like_motivation,
    forecast.due_date
from recommended
cross join policy
left join {{ ref('replenishment_forecast') }} as forecast
    on
        recommended.one_id = forecast.one_id
        and recommended.category_id = forecast.category_id
