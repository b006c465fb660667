-- Grain: one row per person and reason of their churn probability at as_of, with what was seen
with

scores as (
    select
        scores.one_id,
        scores.forecast_part,
        scores.silence_part,
        scores.few_orders_part,
        scores.fading_part,
        scores.off_rhythm_part,
        scores.version_forecast_gone,
        histories.age_days,
        histories.silent_days,
        histories.repeats,
        histories.dates_30d,
        histories.dates_90d,
        histories.longest_gap_days,
        case
            when histories.repeats > 0
                then cast(histories.active_days as double) / nullif(histories.repeats, 0)
            else histories.age_days
        end as mean_gap_days
    from {{ ref('int_insight__churn_scores') }} as scores
    inner join {{ ref('int_insight__buying_histories') }} as histories
        on scores.step = histories.step and scores.one_id = histories.one_id
    where scores.step = 0 and scores.kind = 'classifier'
),

parts as (
    {%- for code, values in [
        ('forecast', ['version_forecast_gone', 'age_days']),
        ('silence', ['silent_days']),
        ('few_orders', ['repeats + 1']),
        ('fading', ['dates_30d', 'dates_90d']),
        ('off_rhythm', ['silent_days', 'mean_gap_days', 'longest_gap_days']),
    ] %}
    select
        one_id,
        '{{ code }}' as reason_code,
        {{ code }}_part as part,
        {%- for number in [0, 1, 2] %}
        cast({{ values[number] | default('null') }} as double) as value_{{ number + 1 }}
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from scores
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select
    one_id,
    reason_code,
    part,
    value_1,
    value_2,
    value_3,
    row_number() over (
        partition by one_id order by part desc nulls last, reason_code asc nulls last
    ) as reason_rank
from parts
