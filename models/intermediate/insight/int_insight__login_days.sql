-- Grain: one row per person and date with a login
select
    events.one_id,
    events.event_date as login_date,
    lead(events.event_date) over (
        partition by events.one_id order by events.event_date nulls last
    ) as next_login_date
from {{ ref('fct_events') }} as events
inner join {{ ref('dim_member') }} as members on events.one_id = members.one_id
where events.is_login and not members.is_test and not members.is_staff
group by events.one_id, events.event_date
