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
    evaluated_date
    {%- for dimension in ['recency', 'frequency', 'monetary'] %}
    {%- for score in [5, 4, 3, 2] %},
    max(case when dimension = '{{ dimension }}' and score = {{ score }} then bound end)
        as {{ dimension }}_{{ score }}
    {%- endfor %}
    {%- endfor %}
from dated_cut_points
where policy_rank = 1
group by evaluated_date
