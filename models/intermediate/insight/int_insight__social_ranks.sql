-- Grain: one row per policy and stretch of days with the same least count that ranks among the top
-- Persons are counted by number of actions and day, so that no person meets every day.
with

counts as (
    select policy_valid_from, from_date, to_date, base_actions
    from {{ ref('int_insight__social_counts') }}
    where base_actions > 0
),

changes as (
    select
        policy_valid_from,
        base_actions,
        point_date,
        sum(persons_change) as persons_change
    from (
        select policy_valid_from, base_actions, from_date as point_date, 1 as persons_change
        from counts
        union all
        select policy_valid_from, base_actions, to_date as point_date, -1 as persons_change
        from counts
    ) as points
    group by policy_valid_from, base_actions, point_date
),

days as (
    select
        bounds.policy_valid_from,
        {{ date_series('bounds.first_date', 'as_of.as_of_date') }} as day_date
    from (
        select policy_valid_from, min(from_date) as first_date
        from counts
        group by policy_valid_from
    ) as bounds
    cross join {{ ref('stg_rekindle__as_of') }} as as_of
),

numbers as (
    select policy_valid_from, base_actions
    from counts
    group by policy_valid_from, base_actions
),

persons as (
    select
        days.policy_valid_from,
        days.day_date,
        numbers.base_actions,
        sum(coalesce(changes.persons_change, 0)) over (
            partition by days.policy_valid_from, numbers.base_actions
            order by days.day_date nulls last
            rows between unbounded preceding and current row
        ) as persons
    from days
    inner join numbers on days.policy_valid_from = numbers.policy_valid_from
    left join changes
        on
            days.policy_valid_from = changes.policy_valid_from
            and days.day_date = changes.point_date
            and numbers.base_actions = changes.base_actions
),

ranks as (
    select
        policy_valid_from,
        day_date,
        base_actions,
        1 + sum(persons) over (
            partition by policy_valid_from, day_date order by base_actions desc nulls last
            rows between unbounded preceding and current row
        ) - persons as best_rank,
        sum(persons) over (partition by policy_valid_from, day_date) as population
    from persons
),

least_counts as (
    select
        ranks.policy_valid_from,
        ranks.day_date,
        min(
            case
                when ranks.best_rank <= policies.cooling_top_share * ranks.population
                    then ranks.base_actions
            end
        ) as least_actions
    from ranks
    inner join {{ ref('int_insight__warning_policies') }} as policies
        on ranks.policy_valid_from = policies.valid_from
    group by ranks.policy_valid_from, ranks.day_date
),

turns as (
    select
        policy_valid_from,
        day_date,
        least_actions,
        lag(coalesce(least_actions, 0)) over (
            partition by policy_valid_from order by day_date nulls last
        ) as previous_least_actions
    from least_counts
)

select
    policy_valid_from,
    least_actions,
    day_date as from_date,
    coalesce(
        lead(day_date) over (partition by policy_valid_from order by day_date nulls last),
        cast('9999-12-31' as date)
    ) as to_date
from turns
where previous_least_actions is null or previous_least_actions <> coalesce(least_actions, 0)
