-- Grain: one row per link between records of one person in a component of more than one
with

holdings as (
    select
        holdings.record_id,
        holdings.identifier_type,
        holdings.identifier_token,
        holdings.tenure,
        separated_records.label
    from {{ ref('int_identity__contested_holdings') }} as holdings
    inner join {{ ref('int_identity__separated_records') }} as separated_records
        on holdings.record_id = separated_records.record_id
),

hubs as (
    select identifier_type, identifier_token, tenure, label, min(record_id) as hub_record_id
    from holdings
    group by identifier_type, identifier_token, tenure, label
)

select
    holdings.record_id,
    hubs.hub_record_id,
    holdings.identifier_type,
    holdings.identifier_token
from holdings
inner join hubs
    on
        holdings.identifier_type = hubs.identifier_type
        and holdings.identifier_token = hubs.identifier_token
        and holdings.tenure = hubs.tenure
        and holdings.label = hubs.label
where holdings.record_id <> hubs.hub_record_id
