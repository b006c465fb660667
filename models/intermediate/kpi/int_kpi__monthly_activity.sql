-- Grain: one row per month and dimension value: members at its end and the active among them
with

registered_members as (
    select
        members.one_id,
        months.period_start_date,
        months.period_end_date
    from {{ ref('int_kpi__members') }} as members
    inner join {{ ref('int_kpi__months') }} as months
        on members.registered_date <= months.period_end_date
),

measures as (
    select
        registered_members.one_id,
        registered_members.period_start_date,
        1 as registered_members,
        case when activity_spells.one_id is not null then 1 else 0 end as active_members
    from registered_members
    left join {{ ref('int_kpi__activity_spells') }} as activity_spells
        on
            registered_members.one_id = activity_spells.one_id
            and registered_members.period_end_date >= activity_spells.from_date
            and registered_members.period_end_date < activity_spells.to_date
)

{{ sums_by_dimension('measures', ['registered_members', 'active_members']) }}
