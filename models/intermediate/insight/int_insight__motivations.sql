-- Grain: one row per judged day and person with a deed in its window that tells a motive
-- Its dates are those of the deeds that speak for the motivation.
with

told as (
    select
        evaluated_date,
        one_id,
        facts,
        first_date,
        last_date,
        'material' as motive
    from {{ ref('int_insight__profile_orders') }}
    where fact_code = 'discounted_order'
    union all
    select
        evaluated_date,
        one_id,
        facts,
        first_date,
        last_date,
        case
            when fact_code = 'claim' then 'material'
            when fact_code = 'points' and fact_value = 'redeem' then 'material'
            when fact_code = 'click' and fact_value in ('discount', 'points') then 'material'
            when fact_code in ('content', 'survey') then 'emotional'
            when fact_code = 'click' and fact_value in ('gift', 'content') then 'emotional'
            when fact_code = 'post' and fact_value in ('ugc_photo', 'review', 'story')
                then 'emotional'
            when fact_code = 'post' and fact_value = 'forward' then 'social'
            when fact_code in ('share', 'message') then 'social'
            when fact_code = 'points' and fact_value = 'referral' then 'social'
        end as motive
    from {{ ref('int_insight__profile_deeds') }}
),

counts as (
    select
        told.evaluated_date,
        told.one_id,
        cast(sum(case when told.motive = 'material' then told.facts else 0 end) as double)
            as material_facts,
        cast(sum(case when told.motive = 'emotional' then told.facts else 0 end) as double)
            as emotional_facts,
        cast(sum(case when told.motive = 'social' then told.facts else 0 end) as double)
            as social_facts
    from told
    inner join {{ ref('dim_member') }} as members on told.one_id = members.one_id
    where told.motive is not null and not members.is_test and not members.is_staff
    group by told.evaluated_date, told.one_id
),

means as (
    select
        evaluated_date,
        avg(cast(material_facts as double)) as material_mean,
        avg(cast(emotional_facts as double)) as emotional_mean,
        avg(cast(social_facts as double)) as social_mean
    from counts
    group by evaluated_date
),

scores as (
    select
        counts.evaluated_date,
        counts.one_id,
        cast(
            counts.material_facts + counts.emotional_facts + counts.social_facts as bigint
        ) as facts,
        {%- for motive in ['material', 'emotional', 'social'] %}
        cast(counts.{{ motive }}_facts as double)
        / nullif(counts.{{ motive }}_facts + means.{{ motive }}_mean, 0) as {{ motive }}_score
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from counts
    inner join means on counts.evaluated_date = means.evaluated_date
),

filled as (
    select
        evaluated_date,
        one_id,
        facts,
        coalesce(material_score, 0) as material_score,
        coalesce(emotional_score, 0) as emotional_score,
        coalesce(social_score, 0) as social_score
    from scores
),

chosen as (
    select
        evaluated_date,
        one_id,
        facts,
        material_score,
        emotional_score,
        social_score,
        case
            when material_score >= emotional_score and material_score >= social_score
                then 'material'
            when emotional_score >= social_score then 'emotional'
            else 'social'
        end as motivation
    from filled
),

dates as (
    select
        evaluated_date,
        one_id,
        motive,
        min(first_date) as first_date,
        max(last_date) as last_date
    from told
    group by evaluated_date, one_id, motive
)

select
    chosen.evaluated_date,
    chosen.one_id,
    chosen.facts,
    chosen.material_score,
    chosen.emotional_score,
    chosen.social_score,
    chosen.motivation,
    dates.first_date,
    dates.last_date,
    greatest(chosen.material_score, chosen.emotional_score, chosen.social_score)
        as motivation_score
from chosen
inner join dates
    on
        chosen.evaluated_date = dates.evaluated_date
        and chosen.one_id = dates.one_id
        and chosen.motivation = dates.motive
