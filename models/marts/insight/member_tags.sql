-- Grain: one row per person and tag
with

tags as (
    select
        tags.one_id,
        tags.tag_code,
        tags.tag_group,
        tags.label_zh,
        tags.tag_value,
        tags.metric_code,
        tags.metric_value,
        tags.facts,
        tags.at_least,
        tags.first_date,
        tags.last_date,
        days.evaluated_date as as_of_date
    from {{ ref('int_insight__tags') }} as tags
    inner join {{ ref('int_insight__profile_days') }} as days
        on tags.evaluated_date = days.evaluated_date
    where days.is_as_of
),

-- what is had at as_of is an open spell
spells as (
    select one_id, tag_code, valid_from_date
    from {{ ref('int_insight__tag_spells') }}
    where valid_to_date is null
)

select
    tags.as_of_date,
    tags.one_id,
    tags.tag_code,
    tags.label_zh as tag_zh,
    tags.tag_group,
    tags.tag_value,
    spells.valid_from_date as since_date,
    tags.metric_code as evidence_text,
    tags.metric_value as evidence_value,
    tags.at_least as evidence_limit,
    tags.facts as evidence_count,
    tags.first_date as evidence_first_date,
    tags.last_date as evidence_date
from tags
inner join spells on tags.one_id = spells.one_id and tags.tag_code = spells.tag_code
