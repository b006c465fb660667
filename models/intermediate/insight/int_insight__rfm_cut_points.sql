-- Grain: one row per day on which RFM is evaluated, with the fixed cut points in force on it
with

dated_cut_points as (
    select
        rfm_days.evaluated_date,
        rfm_cut_points.dimension,
        rfm_cut_points.score,
        rfm_cut_points.bound,
        rank() over (
            partition by rfm_days.evaluated_date, rfm_cut_points.dimension
            order by rfm_cut_points.valid_from desc nulls last
        ) as policy_rank
    from {{ ref('int_insight__rfm_days') }} as rfm_days
    inner join {{ ref('rfm_cut_points') }} as rfm_cut_points
        on rfm_days.evaluated_date >= rfm_cut_points.valid_from
)

select
    evaluated_date,
    max(case when dimension = 'recency' and score = 5 then bound end) as recency_5,
    max(case when dimension = 'recency' and score = 4 then bound end) as recency_4,
    max(case when dimension = 'recency' and score = 3 then bound end) as recency_3,
    max(case when dimension = 'recency' and score = 2 then bound end) as recency_2,
    max(case when dimension = 'frequency' and score = 5 then bound end) as frequency_5,
    max(case when dimension = 'frequency' and score = 4 then bound end) as frequency_4,
    max(case when dimension = 'frequency' and score = 3 then bound end) as frequency_3,
    max(case when dimension = 'frequency' and score = 2 then bound end) as frequency_2,
    max(case when dimension = 'monetary' and score = 5 then bound end) as monetary_5,
    max(case when dimension = 'monetary' and score = 4 then bound end) as monetary_4,
    max(case when dimension = 'monetary' and score = 3 then bound end) as monetary_3,
    max(case when dimension = 'monetary' and score = 2 then bound end) as monetary_2
from dated_cut_points
where policy_rank = 1
group by evaluated_date
