-- Grain: one row per source record, with the person that shared identifiers make it part of
-- Such a person is numbered by a record of its cluster; a record alone is its own. Likeness joins
-- persons, not records.
-- What stands for an erased person is nobody to be found.
-- A view: few of its readers need more than two columns, and none all rows.
{{ config(materialized='view') }}
with

clusters as (
    select
        records.record_id,
        records.source_record_key,
        records.first_seen_at,
        coalesce(records.first_fact_key, records.source_record_key) as mint_key,
        case
            when separated_records.record_id is not null then separated_components.component_id
            else components.component_id
        end as cluster_id,
        separated_records.record_id is not null as is_separated
    from {{ ref('int_identity__records') }} as records
    left join {{ ref('int_identity__components') }} as components
        on records.record_id = components.record_id
    left join {{ ref('int_identity__separated_records') }} as separated_records
        on records.record_id = separated_records.record_id
    left join {{ ref('int_identity__separated_components') }} as separated_components
        on records.record_id = separated_components.record_id
    left join {{ ref('stg_rekindle__erased_records') }} as erased_records
        on records.source_record_key = erased_records.source_record_key
    where erased_records.source_record_key is null
)

select
    record_id,
    source_record_key,
    first_seen_at,
    mint_key,
    cluster_id,
    is_separated,
    coalesce(cluster_id, record_id) as person_id
from clusters
