-- Grain: one row per person that drifts (at risk) or has lapsed (dormant, churned) at as_of
select
    spells.one_id,
    spells.lifecycle_stage,
    max(order_days.order_date) as last_order_date,
    sum(order_days.orders) as orders
from {{ ref('int_insight__lifecycle_spells') }} as spells
inner join {{ ref('int_insight__order_days') }} as order_days
    on spells.one_id = order_days.one_id
where
    spells.valid_to_date is null
    and spells.lifecycle_stage in ('at_risk', 'dormant', 'churned')
group by spells.one_id, spells.lifecycle_stage
