-- Grain: one row per source record, with the person it belongs to
-- A person is named after the record that was seen first, so the older id stays when two meet.
with

records as (
    select
        records.source_record_key,
        records.source_system,
        records.source_table,
        records.source_key,
        records.born_at,
        records.updated_at,
        records.first_fact_at,
        records.first_seen_at,
        records.mint_key,
        coalesce(components.component_id, records.record_id) as component_id
    from {{ ref('int_identity__records') }} as records
    left join {{ ref('int_identity__components') }} as components
        on records.record_id = components.record_id
)

select
    source_record_key,
    source_system,
    source_table,
    source_key,
    born_at,
    updated_at,
    first_fact_at,
    first_seen_at,
    substr(
        md5(
            first_value(mint_key) over (
                partition by component_id order by first_seen_at nulls last, mint_key nulls last
                rows between unbounded preceding and unbounded following
            )
        ), 1, 20
    ) as one_id
from records
