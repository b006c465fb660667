-- Grain: one row per person
with

persons as (
    select as_of_date, one_id, lifecycle_stage from {{ ref('member_lifecycle') }}
),

metrics as (
    select
        one_id,
        {%- for metric in [
            'category_preference',
            'channel_preference',
            'hour_preference',
            'content_taste',
        ] %}
        max(case when metric_code = '{{ metric }}' then metric_text end) as {{ metric }},
        max(case when metric_code = '{{ metric }}' then metric_value end) as {{ metric }}_share,
        {%- endfor %}
        {%- for metric in [
            'price_sensitivity',
            'promotion_dependency',
            'content_contribution',
            'social_spread',
            'community_activity',
            'task_completion',
        ] %}
        max(case when metric_code = '{{ metric }}' then metric_value end) as {{ metric }}
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from {{ ref('int_insight__profile_metrics') }}
    where
        evaluated_date = (
            select as_of.as_of_date from {{ ref('stg_rekindle__as_of') }} as as_of
        )
    group by one_id
),

interests as (
    select one_id, category_id, share
    from {{ ref('member_interests') }}
    where interest_rank = 1
),

motivations as (
    select
        one_id,
        motivation,
        material_score,
        emotional_score,
        social_score
    from {{ ref('int_insight__motivations') }}
    where
        evaluated_date = (
            select as_of.as_of_date from {{ ref('stg_rekindle__as_of') }} as as_of
        )
),

tags as (
    select
        one_id,
        cast(count(*) as integer) as tag_count,
        {{ texts_joined("tag_code || ':' || tag_value") }} as tags
    from {{ ref('int_insight__tags') }}
    where
        evaluated_date = (
            select as_of.as_of_date from {{ ref('stg_rekindle__as_of') }} as as_of
        )
    group by one_id
)

select
    persons.as_of_date,
    persons.one_id,
    persons.lifecycle_stage,
    interests.category_id as category_interest,
    interests.share as category_interest_share,
    metrics.category_preference,
    metrics.category_preference_share,
    metrics.channel_preference,
    metrics.channel_preference_share,
    cast(metrics.hour_preference as integer) as hour_preference,
    metrics.hour_preference_share,
    metrics.content_taste,
    metrics.content_taste_share,
    metrics.price_sensitivity,
    metrics.promotion_dependency,
    motivations.motivation,
    motivations.material_score,
    motivations.emotional_score,
    motivations.social_score,
    cast(coalesce(metrics.content_contribution, 0) as bigint) as content_contributions,
    cast(coalesce(metrics.social_spread, 0) as bigint) as social_spreads,
    cast(coalesce(metrics.community_activity, 0) as bigint) as community_actions,
    coalesce(metrics.task_completion, 0) as task_completion_rate,
    coalesce(tags.tag_count, 0) as tag_count,
    tags.tags
from persons
left join interests on persons.one_id = interests.one_id
left join metrics on persons.one_id = metrics.one_id
left join motivations on persons.one_id = motivations.one_id
left join tags on persons.one_id = tags.one_id
