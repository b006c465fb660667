-- Grain: one row per person and tag
with

tags as (
    select
        one_id,
        tag_code,
        tag_group,
        label_zh,
        metric_code,
        metric_value,
        metric_text,
        facts,
        at_least,
        first_date,
        last_date
    from {{ ref('int_insight__tags') }}
),

as_of as (
    select as_of_date from {{ ref('stg_rekindle__as_of') }}
)

select
    as_of.as_of_date,
    tags.one_id,
    tags.tag_code,
    tags.label_zh as tag_zh,
    tags.tag_group,
    coalesce(tags.metric_text, 'yes') as tag_value,
    tags.first_date as since_date,
    tags.metric_code as evidence_text,
    tags.metric_value as evidence_value,
    tags.at_least as evidence_limit,
    tags.facts as evidence_count,
    tags.last_date as evidence_date
from tags
cross join as_of
