-- Grain: one row per metric and baseline of the trial of recommendations: a horizon up to as_of
with

recommended as (
    select one_id, product_id
    from {{ ref('int_insight__product_candidates') }}
    where step = 1
),

people as (
    select one_id from recommended
    group by one_id
),

bought as (
    select histories.one_id, histories.product_id
    from {{ ref('int_insight__product_histories') }} as histories
    inner join people on histories.one_id = people.one_id
    where histories.step = 1 and histories.is_bought_later
),

buyers as (
    select one_id, count(*) as products from bought
    group by one_id
),

popular as (
    select product_id from {{ ref('int_insight__product_popularity') }}
    where step = 1 and popularity_rank <= 10
),

last_bought as (
    select
        histories.one_id,
        histories.product_id,
        row_number() over (
            partition by histories.one_id
            order by histories.last_date desc nulls last, histories.product_id asc nulls last
        ) as product_rank
    from {{ ref('int_insight__product_histories') }} as histories
    inner join people on histories.one_id = people.one_id
    where histories.step = 1 and histories.purchases > 0
),

told as (
    select 'model' as side, one_id, product_id from recommended
    union all
    select 'popularity' as side, buyers.one_id, popular.product_id
    from buyers
    cross join popular
    union all
    select 'repeat_last' as side, one_id, product_id from last_bought
    where product_rank <= 10
),

hits as (
    select told.side, told.one_id, count(*) as products
    from told
    inner join bought on told.one_id = bought.one_id and told.product_id = bought.product_id
    group by told.side, told.one_id
),

sides as (
    select
        side,
        cast(count(*) as double) as products
    from (
        select side, product_id from told
        group by side, product_id
    ) as told_products
    group by side
),

catalogue as (
    select cast(count(*) as double) as products
    from (
        select product_id
        from {{ ref('int_insight__product_histories') }}
        where step = 1 and purchases > 0
        group by product_id
    ) as products_bought
),

measured as (
    select
        sides.side,
        count(*) as people,
        avg(cast(
            coalesce(cast(hits.products as double) / nullif(buyers.products, 0), 0) as double
        )) as recall,
        avg(cast(case when hits.products > 0 then 1 else 0 end as double)) as hit_rate,
        max(cast(sides.products as double) / nullif(catalogue.products, 0)) as coverage
    from sides
    cross join catalogue
    cross join buyers
    left join hits on sides.side = hits.side and buyers.one_id = hits.one_id
    group by sides.side
),

figures as (
    select side, 'recall_at_10' as metric, recall as value from measured
    union all
    select side, 'hit_rate_at_10' as metric, hit_rate as value from measured
    union all
    select side, 'coverage' as metric, coverage as value from measured
)

select
    case
        when baselines.side = 'popularity' then models.metric
        else models.metric || '_over_last'
    end as metric,
    models.value,
    baselines.value as baseline_value,
    baselines.side as baseline
from figures as models
inner join figures as baselines
    on models.metric = baselines.metric and baselines.side <> 'model'
where models.side = 'model'
union all
select
    'people' as metric,
    cast(people as double) as value,
    cast(null as double) as baseline_value,
    'none' as baseline
from measured
where side = 'model'
