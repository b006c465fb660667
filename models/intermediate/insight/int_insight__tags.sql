-- Grain: one row per judged day, person and tag whose rule in force on the day its profile meets
with

rules as (
    select
        valid_from,
        coalesce(
            lead(valid_from) over (partition by tag_code order by valid_from nulls last),
            cast('9999-12-31' as date)
        ) as valid_to,
        tag_code,
        tag_group,
        label_zh,
        metric_code,
        at_least,
        min_facts
    from {{ ref('tag_rules') }}
)

select
    metrics.evaluated_date,
    metrics.one_id,
    rules.tag_code,
    rules.tag_group,
    rules.label_zh,
    coalesce(metrics.metric_text, 'yes') as tag_value,
    metrics.metric_code,
    metrics.metric_value,
    metrics.facts,
    rules.at_least,
    metrics.first_date,
    metrics.last_date
from {{ ref('int_insight__profile_metrics') }} as metrics
inner join rules
    on
        metrics.metric_code = rules.metric_code
        and metrics.evaluated_date >= rules.valid_from
        and metrics.evaluated_date < rules.valid_to
        and metrics.metric_value >= rules.at_least
        and metrics.facts >= rules.min_facts
