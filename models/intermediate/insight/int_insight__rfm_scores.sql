-- Grain: one row per evaluated day and person with a valid order in the window ending on it
with

{% if var('rfm_mode') == 'fixed' -%}
cut_points as (
    select * from {{ ref('int_insight__rfm_cut_points') }}
),

scores as (
    select
        rfm_values.evaluated_date,
        rfm_values.one_id,
        rfm_values.recency_days,
        rfm_values.frequency,
        rfm_values.monetary,
        {{ cut_point_score('rfm_values.recency_days', 'recency', '<=') }} as r_score,
        {{ cut_point_score('rfm_values.frequency', 'frequency', '>=') }} as f_score,
        {{ cut_point_score('rfm_values.monetary', 'monetary', '>=') }} as m_score
    from {{ ref('int_insight__rfm_values') }} as rfm_values
    inner join cut_points on rfm_values.evaluated_date = cut_points.evaluated_date
),
{%- else -%}
ranks as (
    select
        evaluated_date,
        one_id,
        recency_days,
        frequency,
        monetary,
        rank() over (partition by evaluated_date order by recency_days desc) as recency_rank,
        rank() over (partition by evaluated_date order by frequency asc) as frequency_rank,
        rank() over (partition by evaluated_date order by monetary asc) as monetary_rank,
        count(*) over (partition by evaluated_date) as population
    from {{ ref('int_insight__rfm_values') }}
),

scores as (
    select
        evaluated_date,
        one_id,
        recency_days,
        frequency,
        monetary,
        {{ quantile_score('recency_rank', 'population') }} as r_score,
        {{ quantile_score('frequency_rank', 'population') }} as f_score,
        {{ quantile_score('monetary_rank', 'population') }} as m_score
    from ranks
),
{%- endif %}

averages as (
    select
        evaluated_date,
        count(*) as population,
        sum(r_score) as r_total,
        sum(f_score) as f_total,
        sum(m_score) as m_total
    from scores
    group by evaluated_date
),

-- high = above the population's mean, compared without a division
judged as (
    select
        scores.evaluated_date,
        scores.one_id,
        scores.recency_days,
        scores.frequency,
        scores.monetary,
        scores.r_score,
        scores.f_score,
        scores.m_score,
        scores.r_score * averages.population > averages.r_total as is_recency_high,
        scores.f_score * averages.population > averages.f_total as is_frequency_high,
        scores.m_score * averages.population > averages.m_total as is_monetary_high
    from scores
    inner join averages on scores.evaluated_date = averages.evaluated_date
)

select
    judged.evaluated_date,
    judged.one_id,
    judged.recency_days,
    judged.frequency,
    judged.monetary,
    cast(judged.r_score as integer) as r_score,
    cast(judged.f_score as integer) as f_score,
    cast(judged.m_score as integer) as m_score,
    rfm_strategy.rfm_group,
    rfm_strategy.label_zh as rfm_group_zh
from judged
inner join {{ ref('rfm_strategy') }} as rfm_strategy
    on
        judged.is_recency_high = rfm_strategy.is_recency_high
        and judged.is_frequency_high = rfm_strategy.is_frequency_high
        and judged.is_monetary_high = rfm_strategy.is_monetary_high
