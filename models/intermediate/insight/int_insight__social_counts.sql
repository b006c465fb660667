-- Grain: one row per policy, person and stretch of days with the same counts of community actions
with

social_days as (
    select
        social_days.one_id,
        social_days.action_date,
        social_days.actions,
        policies.valid_from as policy_valid_from,
        policies.cooling_days,
        policies.cooling_base_days
    from {{ ref('int_insight__social_days') }} as social_days
    cross join {{ ref('int_insight__warning_policies') }} as policies
),

points as (
    {%- for days, recent, base, last_date in [
        ('0', 'actions', '0', 'action_date'),
        ('cooling_days', '-actions', 'actions', 'cast(null as date)'),
        ('cooling_days + cooling_base_days', '0', '-actions', 'cast(null as date)'),
    ] %}
    select
        policy_valid_from,
        one_id,
        {{ add_days('action_date', days) }} as point_date,
        {{ recent }} as recent_change,
        {{ base }} as base_change,
        {{ last_date }} as action_date
    from social_days
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

changes as (
    select
        points.policy_valid_from,
        points.one_id,
        points.point_date,
        sum(points.recent_change) as recent_change,
        sum(points.base_change) as base_change,
        max(points.action_date) as action_date
    from points
    inner join {{ ref('stg_rekindle__as_of') }} as as_of on points.point_date <= as_of.as_of_date
    group by points.policy_valid_from, points.one_id, points.point_date
)

select
    policy_valid_from,
    one_id,
    point_date as from_date,
    coalesce(
        lead(point_date) over (
            partition by policy_valid_from, one_id order by point_date nulls last
        ),
        cast('9999-12-31' as date)
    ) as to_date,
    cast(
        sum(recent_change) over (
            partition by policy_valid_from, one_id order by point_date nulls last
            rows between unbounded preceding and current row
        ) as bigint
    ) as recent_actions,
    cast(
        sum(base_change) over (
            partition by policy_valid_from, one_id order by point_date nulls last
            rows between unbounded preceding and current row
        ) as bigint
    ) as base_actions,
    max(action_date) over (
        partition by policy_valid_from, one_id order by point_date nulls last
        rows between unbounded preceding and current row
    ) as last_action_date
from changes
