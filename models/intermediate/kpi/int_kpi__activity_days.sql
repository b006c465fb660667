-- Grain: one row per person and date with a valid order or a login
select one_id, order_date as active_date
from {{ ref('int_insight__order_days') }}
union
select events.one_id, events.event_date as active_date
from {{ ref('fct_events') }} as events
inner join {{ ref('int_kpi__members') }} as members on events.one_id = members.one_id
where events.is_login
