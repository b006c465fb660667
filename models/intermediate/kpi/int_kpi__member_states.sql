-- Grain: one row per registered person, dimension and stretch of dates that start in one value of it
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

far as (
    select cast('9999-12-31' as date) as far_date
),

states as (
    select one_id, 'all' as dimension_type, 'all' as dimension_value, registered_date as from_date, far_date as to_date
    from members cross join far
    union all
    select one_id, 'first_order_channel', coalesce(first_order_channel, 'none'), registered_date, far_date
    from members cross join far
    union all
    select one_id, 'register_channel', coalesce(register_channel, 'unknown'), registered_date, far_date
    from members cross join far
    union all
    select
        spells.one_id,
        'lifecycle_stage',
        spells.lifecycle_stage,
        {{ add_days('spells.valid_from_date', 1) }},
        coalesce({{ add_days('spells.valid_to_date', 1) }}, far.far_date)
    from {{ ref('lifecycle_intervals') }} as spells cross join far
    union all
    select spells.one_id, 'lifecycle_stage', 'none', cast('0001-01-01' as date),
        {{ add_days('spells.valid_from_date', 1) }}
    from {{ ref('lifecycle_intervals') }} as spells
    where spells.sequence = 1
    union all
    select
        groups.one_id,
        'rfm_group',
        groups.rfm_group,
        {{ add_days('month_ends.month_end_date', 1) }},
        coalesce({{ add_days('month_ends.next_month_end_date', 1) }}, far.far_date)
    from {{ ref('rfm_history') }} as groups
    inner join month_ends on groups.as_of_date = month_ends.month_end_date
    cross join far
)

select
    states.one_id,
    states.dimension_type,
    states.dimension_value,
    greatest(states.from_date, members.registered_date) as from_date,
    states.to_date
from states
inner join members on states.one_id = members.one_id
where states.to_date > members.registered_date
