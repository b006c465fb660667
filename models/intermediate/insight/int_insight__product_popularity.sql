-- Grain: one row per evaluated day and product bought by then, with who bought it of late
with

histories as (
    select step, one_id, product_id, is_recent
    from {{ ref('int_insight__product_histories') }}
    where purchases > 0
),

active_people as (
    select step, count(*) as people
    from (
        select step, one_id
        from histories
        where is_recent
        group by step, one_id
    ) as recent_people
    group by step
),

products as (
    select
        step,
        product_id,
        count(*) as buyers,
        sum(case when is_recent then 1 else 0 end) as recent_buyers
    from histories
    group by step, product_id
),

shares as (
    select
        products.step,
        products.product_id,
        catalogue.category_id,
        products.buyers,
        coalesce(
            cast(products.recent_buyers as double) / nullif(active_people.people, 0), 0
        ) as popularity
    from products
    inner join {{ ref('dim_product') }} as catalogue
        on products.product_id = catalogue.product_id
    left join active_people on products.step = active_people.step
    where coalesce(catalogue.is_active, true)
)

select
    step,
    product_id,
    category_id,
    buyers,
    popularity,
    row_number() over (
        partition by step order by popularity desc nulls last, product_id asc nulls last
    ) as popularity_rank
from shares
