-- Grain: one row per person, tag and unbroken stretch of days with one value of it (half-open)
with

spells as (
    select
        one_id,
        tag_code,
        label_zh,
        tag_group,
        tag_value,
        valid_from_date,
        valid_to_date,
        is_begin_seen,
        judged_days,
        metric_code,
        metric_value,
        at_least,
        facts,
        last_date
    from {{ ref('int_insight__tag_spells') }}
),

as_of as (
    select as_of_date from {{ ref('stg_rekindle__as_of') }}
)

select
    as_of.as_of_date,
    spells.one_id,
    spells.tag_code,
    spells.label_zh as tag_zh,
    spells.tag_group,
    spells.tag_value,
    spells.valid_from_date,
    spells.valid_to_date,
    spells.is_begin_seen,
    spells.judged_days,
    spells.metric_code as evidence_text,
    spells.metric_value as evidence_value,
    spells.at_least as evidence_limit,
    spells.facts as evidence_count,
    spells.last_date as evidence_date
from spells
cross join as_of
