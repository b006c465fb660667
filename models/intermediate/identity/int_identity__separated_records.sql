-- Grain: one row per record of a component that holds more than one person, with whose it is
with

holdings as (
    select component_id, record_id, unit_id from {{ ref('int_identity__contested_holdings') }}
    group by component_id, record_id, unit_id
)

select holdings.component_id, holdings.record_id, nearest_labels.label
from holdings
inner join {{ ref('int_identity__nearest_labels') }} as nearest_labels
    on holdings.unit_id = nearest_labels.unit_id
