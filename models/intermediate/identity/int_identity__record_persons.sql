-- Grain: one row per source record, with the person it belongs to
-- A person is named after the record that was seen first, so the older id stays when two meet.
with

records as (
    select
        records.source_record_key,
        records.born_at,
        records.updated_at,
        records.first_fact_at,
        records.first_seen_at,
        coalesce(records.first_fact_key, records.source_record_key) as mint_key,
        case
            when separated_records.record_id is not null then separated_components.component_id
            else components.component_id
        end as component_id
    from {{ ref('int_identity__records') }} as records
    left join {{ ref('int_identity__components') }} as components
        on records.record_id = components.record_id
    left join {{ ref('int_identity__separated_records') }} as separated_records
        on records.record_id = separated_records.record_id
    left join {{ ref('int_identity__separated_components') }} as separated_components
        on records.record_id = separated_components.record_id
),

first_sights as (
    select component_id, min(first_seen_at) as first_seen_at
    from records
    where component_id is not null
    group by component_id
),

-- Of records seen at once the smallest key gives the name.
names as (
    select records.component_id, substr(md5(min(records.mint_key)), 1, 20) as one_id
    from records
    inner join first_sights
        on
            records.component_id = first_sights.component_id
            and records.first_seen_at is not distinct from first_sights.first_seen_at
    group by records.component_id
)

select
    records.source_record_key,
    records.born_at,
    records.updated_at,
    records.first_fact_at,
    records.first_seen_at,
    coalesce(names.one_id, substr(md5(records.mint_key), 1, 20)) as one_id
from records
left join names on records.component_id = names.component_id
