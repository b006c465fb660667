-- Grain: one row per person and stage spell (a stretch of days in one stage)
with

stages as (
    select
        policy_valid_from,
        one_id,
        lifecycle_stage,
        point_date as from_date,
        lead(point_date) over (
            partition by policy_valid_from, one_id order by point_date nulls last
        ) as to_date
    from {{ ref('int_insight__lifecycle_stages') }}
),

-- each policy rules its own days
stages_in_force as (
    select
        stages.one_id,
        stages.lifecycle_stage,
        greatest(stages.from_date, policies.valid_from) as from_date
    from stages
    inner join {{ ref('int_insight__lifecycle_policies') }} as policies
        on
            stages.policy_valid_from = policies.valid_from
            and stages.from_date < policies.valid_to
            and (stages.to_date is null or stages.to_date > policies.valid_from)
),

changes as (
    select
        one_id,
        lifecycle_stage,
        from_date,
        lag(lifecycle_stage) over (
            partition by one_id order by from_date nulls last
        ) as previous_stage
    from stages_in_force
)

select
    one_id,
    lifecycle_stage,
    from_date as valid_from_date,
    lead(from_date) over (partition by one_id order by from_date nulls last) as valid_to_date,
    cast(
        row_number() over (partition by one_id order by from_date nulls last) as bigint
    ) as sequence
from changes
where previous_stage is null or previous_stage <> lifecycle_stage
