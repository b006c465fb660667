-- Grain: one row per unit of a component that holds more than one person, with whose it is
-- Who says whose it is lends its label to the units it shares something with, these to theirs, and
-- so on: of equally near ones strong identifiers before weak ones, then the one that held the
-- identifier at the nearest time. The materialization spreads the labels over what is told here:
-- two units that share an identifier, and the label of the first where it says whose it is.
{{ config(materialized='nearest_labels') }}
with

holdings as (
    select
        record_id,
        unit_id,
        identifier_type,
        identifier_token,
        tenure,
        held_from_date,
        link_rank
    from {{ ref('int_identity__contested_holdings') }}
),

labels as (
    select holdings.unit_id, min(conflicting_labels.label) as label
    from {{ ref('int_identity__conflicting_labels') }} as conflicting_labels
    inner join holdings on conflicting_labels.record_id = holdings.record_id
    group by holdings.unit_id
)

select
    sources.unit_id,
    targets.unit_id as neighbour_id,
    labels.label,
    targets.link_rank,
    min(
        coalesce(abs({{ days_between('sources.held_from_date', 'targets.held_from_date') }}), 0)
    ) as days_apart
from holdings as sources
inner join holdings as targets
    on
        sources.identifier_type = targets.identifier_type
        and sources.identifier_token = targets.identifier_token
        and sources.tenure = targets.tenure
        and sources.unit_id <> targets.unit_id
left join labels on sources.unit_id = labels.unit_id
group by sources.unit_id, targets.unit_id, labels.label, targets.link_rank
