-- Grain: one row per record or identifier without which a person of many records falls apart
-- Into pieces of two records or more: that a record hangs on one identifier is nothing to review.
with

holdings as (
    select one_id, record_number
    from {{ ref('int_identity__bridge_holdings') }}
    group by one_id, record_number
),

trials as (
    select one_id, record_count, removed_number, record_id, identifier_type, identifier_token
    from {{ ref('int_identity__bridge_trials') }}
),

pieces as (
    select trials.removed_number, pieces.component_id, count(*) as records
    from trials
    inner join holdings
        on trials.one_id = holdings.one_id and trials.removed_number <> holdings.record_number
    inner join {{ ref('int_identity__bridge_pieces') }} as pieces
        on trials.removed_number * 1000000000 + holdings.record_number = pieces.record_id
    group by trials.removed_number, pieces.component_id
    having count(*) > 1
),

parted_trials as (
    select
        removed_number,
        count(*) as piece_count,
        sum(records) - max(records) as parted_records
    from pieces
    group by removed_number
    having count(*) > 1
)

select
    trials.one_id,
    case when trials.record_id is null then 'identifier' else 'record' end as bridge_kind,
    coalesce(
        trials.identifier_type, split_part(records.source_record_key, ':', 1)
    ) as bridge_type,
    coalesce(
        trials.identifier_token, {{ record_source_key('records.source_record_key') }}
    ) as bridge_key,
    trials.record_count,
    cast(parted_trials.piece_count as bigint) as piece_count,
    cast(parted_trials.parted_records as bigint) as parted_records
from trials
inner join parted_trials on trials.removed_number = parted_trials.removed_number
left join {{ ref('int_identity__records') }} as records on trials.record_id = records.record_id
