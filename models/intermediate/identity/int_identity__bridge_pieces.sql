-- Grain: one row per thing left in a trial, with the smallest thing of its piece
-- A thing of a trial is numbered by both: so all trials are one graph.
{{ config(materialized='connected_components') }}
select
    trials.removed_number * 1000000000 + holdings.record_number as record_id,
    trials.removed_number * 1000000000 + holdings.identifier_number as hub_record_id
from {{ ref('int_identity__bridge_holdings') }} as holdings
inner join {{ ref('int_identity__bridge_trials') }} as trials
    on
        holdings.one_id = trials.one_id
        and holdings.record_number <> trials.removed_number
        and holdings.identifier_number <> trials.removed_number
