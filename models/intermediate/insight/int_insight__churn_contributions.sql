-- Grain: one row per person and reason that raises their churn probability at as_of
with

scores as (
    select
        one_id,
        forecast_part,
        silence_part,
        few_orders_part,
        fading_part,
        off_rhythm_part
    from {{ ref('int_insight__churn_scores') }}
    where step = 0 and kind = 'classifier'
),

parts as (
    select one_id, 'forecast' as reason_code, forecast_part as part from scores
    union all
    select one_id, 'silence' as reason_code, silence_part as part from scores
    union all
    select one_id, 'few_orders' as reason_code, few_orders_part as part from scores
    union all
    select one_id, 'fading' as reason_code, fading_part as part from scores
    union all
    select one_id, 'off_rhythm' as reason_code, off_rhythm_part as part from scores
)

select
    one_id,
    reason_code,
    part,
    row_number() over (
        partition by one_id order by part desc nulls last, reason_code asc nulls last
    ) as reason_rank
from parts
where part > 0
