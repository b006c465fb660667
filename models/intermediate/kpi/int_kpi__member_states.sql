-- Grain: one row per registered person, dimension and stretch of dates with one value of it
-- A date starts in the state of its eve, so these stretches begin a day after the state does.
with

members as (
    select one_id, registered_date, first_order_channel, register_channel
    from {{ ref('int_kpi__members') }}
    where registered_date is not null
),

month_ends as (
    select
        month_end_date,
        lead(month_end_date) over (order by month_end_date nulls last) as next_month_end_date
    from {{ ref('int_insight__month_ends') }}
),

-- a state without an end has no to_date
states as (
    select
        one_id,
        'all' as dimension_type,
        'all' as dimension_value,
        registered_date as from_date,
        cast(null as date) as to_date
    from members
    union all
    select
        one_id,
        'first_order_channel' as dimension_type,
        coalesce(first_order_channel, 'none') as dimension_value,
        registered_date as from_date,
        cast(null as date) as to_date
    from members
    union all
    select
        one_id,
        'register_channel' as dimension_type,
        coalesce(register_channel, 'unknown') as dimension_value,
        registered_date as from_date,
        cast(null as date) as to_date
    from members
    union all
    select
        one_id,
        'lifecycle_stage' as dimension_type,
        lifecycle_stage as dimension_value,
        {{ add_days('valid_from_date', 1) }} as from_date,
        {{ add_days('valid_to_date', 1) }} as to_date
    from {{ ref('lifecycle_intervals') }}
    union all
    select
        one_id,
        'lifecycle_stage' as dimension_type,
        'none' as dimension_value,
        cast('0001-01-01' as date) as from_date,
        {{ add_days('valid_from_date', 1) }} as to_date
    from {{ ref('lifecycle_intervals') }}
    where sequence = 1
    union all
    select
        groups.one_id,
        'rfm_group' as dimension_type,
        groups.rfm_group as dimension_value,
        {{ add_days('month_ends.month_end_date', 1) }} as from_date,
        {{ add_days('month_ends.next_month_end_date', 1) }} as to_date
    from {{ ref('rfm_history') }} as groups
    inner join month_ends on groups.as_of_date = month_ends.month_end_date
)

select
    states.one_id,
    states.dimension_type,
    states.dimension_value,
    greatest(states.from_date, members.registered_date) as from_date,
    coalesce(states.to_date, cast('9999-12-31' as date)) as to_date
from states
inner join members on states.one_id = members.one_id
where states.to_date is null or states.to_date > members.registered_date
