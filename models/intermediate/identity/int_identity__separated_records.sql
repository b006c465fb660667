-- Grain: one row per record of a component that holds more than one person, with whose it is
-- Who says whose it is lends its label to the records it shares something with, these to theirs,
-- and so on: decisions before strong identifiers before weak ones, and of equals to the one that
-- held the identifier at the nearest time. A record too far from all of them has no label.
{%- set rounds = 6 %}
with

holdings as (
    select
        component_id,
        record_id,
        identifier_type,
        identifier_token,
        tenure,
        held_from_date,
        link_rank
    from {{ ref('int_identity__contested_holdings') }}
),

separated_records as (
    select component_id, record_id
    from holdings
    group by component_id, record_id
),

neighbours as (
    select
        sources.record_id as source_record_id,
        targets.record_id as target_record_id,
        case
            when sources.record_id = targets.record_id then -1 else targets.link_rank
        end as link_rank,
        coalesce(
            abs({{ days_between('sources.held_from_date', 'targets.held_from_date') }}), 0
        ) as days_apart
    from holdings as sources
    inner join holdings as targets
        on
            sources.identifier_type = targets.identifier_type
            and sources.identifier_token = targets.identifier_token
            and sources.tenure = targets.tenure
),

labels_0 as (
    select record_id, label from {{ ref('int_identity__conflicting_labels') }}
),

{%- for round in range(1, rounds + 1) %}

offers_{{ round }} as (
    select
        neighbours.target_record_id as record_id,
        labels.label,
        row_number() over (
            partition by neighbours.target_record_id
            order by
                neighbours.link_rank asc nulls last,
                neighbours.days_apart asc nulls last,
                labels.label asc nulls last
        ) as nearest_rank
    from neighbours
    inner join labels_{{ round - 1 }} as labels
        on neighbours.source_record_id = labels.record_id
),

labels_{{ round }} as (
    select record_id, label from offers_{{ round }}
    where nearest_rank = 1
)
{%- if not loop.last %},{% endif %}
{%- endfor %}

select
    separated_records.component_id,
    separated_records.record_id,
    coalesce(labels.label, 'nobody') as label
from separated_records
left join labels_{{ rounds }} as labels on separated_records.record_id = labels.record_id
