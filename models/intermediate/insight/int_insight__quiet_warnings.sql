-- Grain: one row per policy, person, reason and stretch of days too long after an order or a login
with

policies as (
    select
        valid_from,
        recency_over_days,
        login_gap_over_days,
        silent_weeks,
        silent_base_weeks,
        silent_min_active_weeks
    from {{ ref('int_insight__warning_policies') }}
),

login_weeks as (
    select
        one_id,
        cast(date_trunc('week', login_date) as date) as week_start_date,
        max(login_date) as last_login_date
    from {{ ref('int_insight__login_days') }}
    group by one_id, cast(date_trunc('week', login_date) as date)
),

numbered_weeks as (
    select
        one_id,
        week_start_date,
        last_login_date,
        lead(week_start_date) over (
            partition by one_id order by week_start_date nulls last
        ) as next_week_start_date,
        row_number() over (
            partition by one_id order by week_start_date nulls last
        ) as week_number
    from login_weeks
),

-- A week counts from its Sunday on. The silence begins when the last of its weeks is complete; it
-- ends with the next week of a login, or when too few active weeks are left in those before it.
silences as (
    select
        policies.valid_from as policy_valid_from,
        weeks.one_id,
        weeks.last_login_date,
        policies.silent_weeks,
        {{ add_days('weeks.week_start_date', '7 * policies.silent_weeks + 6') }} as from_date,
        least(
            {{ add_days('coalesce(weeks.next_week_start_date, cast(\'9999-01-01\' as date))', 6) }},
            {{ add_days(
                'base_weeks.week_start_date',
                '7 * (policies.silent_weeks + policies.silent_base_weeks) + 6',
            ) }}
        ) as to_date
    from numbered_weeks as weeks
    cross join policies
    inner join numbered_weeks as base_weeks
        on
            weeks.one_id = base_weeks.one_id
            and weeks.week_number
            = base_weeks.week_number + policies.silent_min_active_weeks - 1
)

select
    policies.valid_from as policy_valid_from,
    order_days.one_id,
    'recency' as reason_code,
    {{ add_days('order_days.order_date', 'policies.recency_over_days + 1') }} as from_date,
    coalesce(order_days.next_order_date, cast('9999-12-31' as date)) as to_date,
    order_days.order_date as evidence_date,
    cast(policies.recency_over_days as double) as evidence_limit
from {{ ref('int_insight__order_days') }} as order_days
cross join policies
where
    order_days.next_order_date is null
    or {{ add_days('order_days.order_date', 'policies.recency_over_days + 1') }}
    < order_days.next_order_date
union all
select
    policies.valid_from as policy_valid_from,
    login_days.one_id,
    'login_gap' as reason_code,
    {{ add_days('login_days.login_date', 'policies.login_gap_over_days + 1') }} as from_date,
    coalesce(login_days.next_login_date, cast('9999-12-31' as date)) as to_date,
    login_days.login_date as evidence_date,
    cast(policies.login_gap_over_days as double) as evidence_limit
from {{ ref('int_insight__login_days') }} as login_days
cross join policies
where
    login_days.next_login_date is null
    or {{ add_days('login_days.login_date', 'policies.login_gap_over_days + 1') }}
    < login_days.next_login_date
union all
select
    policy_valid_from,
    one_id,
    'silent_weeks' as reason_code,
    from_date,
    to_date,
    last_login_date as evidence_date,
    cast(7 * silent_weeks as double) as evidence_limit
from silences
where from_date < to_date
