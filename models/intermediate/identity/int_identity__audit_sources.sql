-- Grain: one row per source, or all of them, with how its records are consolidated
with

records_of_sources as (
    select one_id, split_part(source_record_key, ':', 1) as source, count(*) as records
    from {{ ref('int_identity__record_persons') }}
    group by one_id, split_part(source_record_key, ':', 1)
),

persons as (
    select
        one_id,
        sum(records) as records,
        min(split_part(source, '.', 1)) <> max(split_part(source, '.', 1)) as is_joined
    from records_of_sources
    group by one_id
),

records_to_count as (
    select
        'source' as dimension_type,
        records_of_sources.source as dimension_value,
        records_of_sources.records,
        persons.is_joined,
        persons.records = 1 as is_single
    from records_of_sources
    inner join persons on records_of_sources.one_id = persons.one_id
    union all
    select
        'all' as dimension_type,
        'all' as dimension_value,
        records,
        is_joined,
        records = 1 as is_single
    from persons
)

select
    dimension_type,
    dimension_value,
    cast(count(*) as bigint) as persons,
    cast(sum(records) as bigint) as records,
    cast(sum(case when is_joined then records else 0 end) as bigint) as joined_records,
    cast(sum(case when is_single then records else 0 end) as bigint) as single_records
from records_to_count
group by dimension_type, dimension_value
