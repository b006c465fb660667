-- Grain: one row per evaluated day and person with a valid order in the window ending on it
-- Of one mode only, yet in the graph of both: {{ ref('int_insight__rfm_cut_points') }}
with

{% if var('rfm_mode') == 'fixed' -%}
cut_points as (
    select
        evaluated_date,
        recency_5,
        recency_4,
        recency_3,
        recency_2,
        frequency_5,
        frequency_4,
        frequency_3,
        frequency_2,
        monetary_5,
        monetary_4,
        monetary_3,
        monetary_2
    from {{ ref('int_insight__rfm_cut_points') }}
),

scores as (
    select
        rfm_values.evaluated_date,
        rfm_values.one_id,
        rfm_values.recency_days,
        rfm_values.frequency,
        rfm_values.monetary,
        case
            when rfm_values.recency_days <= cut_points.recency_5 then 5
            when rfm_values.recency_days <= cut_points.recency_4 then 4
            when rfm_values.recency_days <= cut_points.recency_3 then 3
            when rfm_values.recency_days <= cut_points.recency_2 then 2
            else 1
        end as r_score,
        case
            when rfm_values.frequency >= cut_points.frequency_5 then 5
            when rfm_values.frequency >= cut_points.frequency_4 then 4
            when rfm_values.frequency >= cut_points.frequency_3 then 3
            when rfm_values.frequency >= cut_points.frequency_2 then 2
            else 1
        end as f_score,
        case
            when rfm_values.monetary >= cut_points.monetary_5 then 5
            when rfm_values.monetary >= cut_points.monetary_4 then 4
            when rfm_values.monetary >= cut_points.monetary_3 then 3
            when rfm_values.monetary >= cut_points.monetary_2 then 2
            else 1
        end as m_score
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
        rank() over (
            partition by evaluated_date order by recency_days desc nulls last
        ) as recency_rank,
        rank() over (
            partition by evaluated_date order by frequency asc nulls last
        ) as frequency_rank,
        rank() over (
            partition by evaluated_date order by monetary asc nulls last
        ) as monetary_rank,
        count(*) over (partition by evaluated_date) as population
    from {{ ref('int_insight__rfm_values') }}
),

fifths as (
    select
        evaluated_date,
        one_id,
        recency_days,
        frequency,
        monetary,
        population,
        cast(
            floor(cast(5 * (recency_rank - 1) as double) / nullif(population - 1, 0)) as integer
        ) as recency_fifth,
        cast(
            floor(cast(5 * (frequency_rank - 1) as double) / nullif(population - 1, 0)) as integer
        ) as frequency_fifth,
        cast(
            floor(cast(5 * (monetary_rank - 1) as double) / nullif(population - 1, 0)) as integer
        ) as monetary_fifth
    from ranks
),

scores as (
    select
        evaluated_date,
        one_id,
        recency_days,
        frequency,
        monetary,
        case when population = 1 then 3 else least(5, 1 + recency_fifth) end as r_score,
        case when population = 1 then 3 else least(5, 1 + frequency_fifth) end as f_score,
        case when population = 1 then 3 else least(5, 1 + monetary_fifth) end as m_score
    from fifths
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
    rfm_groups.rfm_group,
    rfm_groups.label_zh as rfm_group_zh
from judged
inner join {{ ref('int_insight__rfm_groups') }} as rfm_groups
    on
        judged.is_recency_high = rfm_groups.is_recency_high
        and judged.is_frequency_high = rfm_groups.is_frequency_high
        and judged.is_monetary_high = rfm_groups.is_monetary_high
