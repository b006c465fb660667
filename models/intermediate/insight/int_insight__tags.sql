-- Grain: one row per person and tag whose rule in force at as_of the person's profile meets
with

rules as (
    {{ policy_in_force('tag_rules', 'tag_code') }}
)

select
    metrics.one_id,
    rules.tag_code,
    rules.tag_group,
    rules.label_zh,
    metrics.metric_code,
    metrics.metric_value,
    metrics.metric_text,
    metrics.facts,
    rules.at_least,
    metrics.first_date,
    metrics.last_date
from {{ ref('int_insight__profile_metrics') }} as metrics
inner join rules
    on
        metrics.metric_code = rules.metric_code
        and metrics.metric_value >= rules.at_least
        and metrics.facts >= rules.min_facts
