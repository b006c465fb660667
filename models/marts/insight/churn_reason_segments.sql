-- Grain: one row per segment of persons that drift or have lapsed, and reason
with

reasons as (
    select as_of_date, one_id, rank, lifecycle_stage, reason_code
    from {{ ref('churn_reason_profile') }}
),

profiles as (
    select one_id, category_preference, motivation from {{ ref('member_profile') }}
),

members as (
    select one_id, register_channel from {{ ref('dim_member') }}
),

described as (
    select
        reasons.as_of_date,
        reasons.one_id,
        reasons.rank,
        reasons.reason_code,
        reasons.lifecycle_stage,
        coalesce(members.register_channel, 'unknown') as register_channel,
        coalesce(profiles.category_preference, 'none') as category_preference,
        coalesce(profiles.motivation, 'none') as motivation
    from reasons
    inner join members on reasons.one_id = members.one_id
    left join profiles on reasons.one_id = profiles.one_id
),

segments as (
    {%- for segment_type in [
        'all',
        'lifecycle_stage',
        'register_channel',
        'category_preference',
        'motivation',
    ] %}
    select
        as_of_date,
        '{{ segment_type }}' as segment_type,
        {{ "'all'" if segment_type == 'all' else segment_type }} as segment_value,
        reason_code,
        one_id,
        rank
    from described
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

sizes as (
    select segment_type, segment_value, count(*) as segment_members
    from segments
    where rank = 1
    group by segment_type, segment_value
)

select
    segments.as_of_date,
    segments.segment_type,
    segments.segment_value,
    segments.reason_code,
    cast(count(*) as bigint) as members,
    cast(sum(case when segments.rank = 1 then 1 else 0 end) as bigint) as leading_members,
    max(sizes.segment_members) as segment_members,
    cast(count(*) as double) / nullif(max(sizes.segment_members), 0) as member_share
from segments
inner join sizes
    on
        segments.segment_type = sizes.segment_type
        and segments.segment_value = sizes.segment_value
group by
    segments.as_of_date, segments.segment_type, segments.segment_value, segments.reason_code
