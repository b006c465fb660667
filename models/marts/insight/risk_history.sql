-- Grain: one row per complete month end and person watched on it
with

levels as (
    select
        levels.evaluated_date,
        levels.one_id,
        levels.rfm_group,
        levels.reason_count,
        levels.risk_level,
        levels.p_alive
    from {{ ref('int_insight__risk_levels') }} as levels
    inner join {{ ref('int_insight__month_ends') }} as month_ends
        on levels.evaluated_date = month_ends.month_end_date
),

orders as (
    select
        one_id,
        order_date,
        coalesce(next_order_date, cast('9999-12-31' as date)) as until_date,
        next_order_date
    from {{ ref('int_insight__order_days') }}
),

as_of as (
    select as_of.as_of_date as built_date, policies.saved_within_days
    from {{ ref('stg_rekindle__as_of') }} as as_of
    inner join {{ ref('int_insight__warning_policies') }} as policies
        on
            as_of.as_of_date >= policies.valid_from
            and as_of.as_of_date < policies.valid_to
)

select
    levels.evaluated_date as as_of_date,
    levels.one_id,
    levels.rfm_group,
    levels.risk_level,
    levels.reason_count,
    orders.next_order_date,
    case
        when
            levels.risk_level > 0
            and {{ days_between('levels.evaluated_date', 'as_of.built_date') }}
            >= as_of.saved_within_days
            then
                coalesce(
                    {{ days_between('levels.evaluated_date', 'orders.next_order_date') }}
                    <= as_of.saved_within_days,
                    false
                )
    end as is_saved,
    levels.p_alive
from levels
cross join as_of
inner join orders
    on
        levels.one_id = orders.one_id
        and levels.evaluated_date >= orders.order_date
        and levels.evaluated_date < orders.until_date
