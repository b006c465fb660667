-- Grain: one row per pair of persons who may be one, with the two records that say so
-- Likeness proposes them, or a device that they share; of a likely pair a device is evidence beside
-- its probability. Two persons of several components each are asked about once, and nobody whom
-- somebody decided to keep apart.
with

pairs as (
    select left_person_id, right_person_id, match_probability, reasons
    from {{ ref('int_identity__match_pairs') }}
),

-- Of each component of shared identifiers the record that numbers it.
records as (
    select records.record_id, records.source_record_key, record_persons.one_id
    from {{ ref('int_identity__records') }} as records
    inner join {{ ref('int_identity__record_persons') }} as record_persons
        on records.source_record_key = record_persons.source_record_key
),

pairs_both_ways as (
    select
        left_records.one_id as left_one_id,
        right_records.one_id as right_one_id,
        left_records.source_record_key as left_record_key,
        right_records.source_record_key as right_record_key,
        pairs.match_probability,
        pairs.reasons
    from pairs
    inner join records as left_records on pairs.left_person_id = left_records.record_id
    inner join records as right_records on pairs.right_person_id = right_records.record_id
    union all
    select
        right_records.one_id as left_one_id,
        left_records.one_id as right_one_id,
        right_records.source_record_key as left_record_key,
        left_records.source_record_key as right_record_key,
        pairs.match_probability,
        pairs.reasons
    from pairs
    inner join records as left_records on pairs.left_person_id = left_records.record_id
    inner join records as right_records on pairs.right_person_id = right_records.record_id
),

ordered_pairs as (
    select
        left_one_id,
        right_one_id,
        left_record_key,
        right_record_key,
        match_probability,
        reasons
    from pairs_both_ways
    where left_one_id < right_one_id
),

ranked_pairs as (
    select
        ordered_pairs.left_one_id,
        ordered_pairs.right_one_id,
        ordered_pairs.left_record_key,
        ordered_pairs.right_record_key,
        ordered_pairs.match_probability,
        ordered_pairs.reasons,
        row_number() over (
            partition by ordered_pairs.left_one_id, ordered_pairs.right_one_id
            order by
                ordered_pairs.match_probability desc nulls last,
                ordered_pairs.reasons asc nulls last,
                ordered_pairs.left_record_key asc nulls last,
                ordered_pairs.right_record_key asc nulls last
        ) as pair_rank
    from ordered_pairs
    left join {{ ref('int_identity__persons_apart') }} as persons_apart
        on
            ordered_pairs.left_one_id = persons_apart.left_one_id
            and ordered_pairs.right_one_id = persons_apart.right_one_id
    where persons_apart.left_one_id is null
),

device_pairs as (
    select left_one_id, right_one_id, left_record_key, right_record_key, devices, is_proposed
    from {{ ref('int_identity__device_pairs') }}
),

all_pairs as (
    select
        likely_pairs.left_one_id,
        likely_pairs.right_one_id,
        likely_pairs.left_record_key,
        likely_pairs.right_record_key,
        likely_pairs.match_probability,
        likely_pairs.reasons,
        coalesce(device_pairs.devices, 0) as shared_devices
    from ranked_pairs as likely_pairs
    left join device_pairs
        on
            likely_pairs.left_one_id = device_pairs.left_one_id
            and likely_pairs.right_one_id = device_pairs.right_one_id
    where likely_pairs.pair_rank = 1
    union all
    select
        device_pairs.left_one_id,
        device_pairs.right_one_id,
        device_pairs.left_record_key,
        device_pairs.right_record_key,
        cast(null as double) as match_probability,
        cast(null as string) as reasons,
        device_pairs.devices as shared_devices
    from device_pairs
    left join ordered_pairs
        on
            device_pairs.left_one_id = ordered_pairs.left_one_id
            and device_pairs.right_one_id = ordered_pairs.right_one_id
    where device_pairs.is_proposed and ordered_pairs.left_one_id is null
)

select
    left_one_id,
    right_one_id,
    left_record_key,
    right_record_key,
    match_probability,
    case
        when shared_devices = 0 then reasons
        else coalesce(reasons || ' ', '') || 'same_device:' || cast(shared_devices as string)
    end as reasons,
    shared_devices
from all_pairs
