-- Grain: one row per edge used: two records and the identifier they share, or their likeness
-- Likeness joins persons; its edge leads between the records that number the two.
with

links as (
    select record_id, hub_record_id, identifier_type, identifier_token
    from {{ ref('int_identity__used_links') }}
),

likenesses as (
    select left_person_id, right_person_id, match_probability, reasons
    from {{ ref('int_identity__match_pairs') }}
    where is_accepted
),

records as (
    select
        records.record_id,
        record_persons.one_id,
        {{ record_source_system('records.source_record_key') }} as source_system,
        {{ record_source_table('records.source_record_key') }} as source_table,
        {{ record_source_key('records.source_record_key') }} as source_key
    from {{ ref('int_identity__records') }} as records
    inner join {{ ref('int_identity__record_persons') }} as record_persons
        on records.source_record_key = record_persons.source_record_key
)

select
    hub_records.one_id,
    hub_records.source_system as left_source_system,
    hub_records.source_table as left_source_table,
    hub_records.source_key as left_source_key,
    linked_records.source_system as right_source_system,
    linked_records.source_table as right_source_table,
    linked_records.source_key as right_source_key,
    links.identifier_type,
    links.identifier_token,
    cast(null as double) as match_probability,
    cast(null as string) as reasons
from links
inner join records as hub_records on links.hub_record_id = hub_records.record_id
inner join records as linked_records on links.record_id = linked_records.record_id
union all
select
    left_records.one_id,
    left_records.source_system as left_source_system,
    left_records.source_table as left_source_table,
    left_records.source_key as left_source_key,
    right_records.source_system as right_source_system,
    right_records.source_table as right_source_table,
    right_records.source_key as right_source_key,
    'likeness' as identifier_type,
    md5(
        cast(left_records.record_id as string) || '|' || cast(right_records.record_id as string)
    ) as identifier_token,
    likenesses.match_probability,
    likenesses.reasons
from likenesses
inner join records as left_records on likenesses.left_person_id = left_records.record_id
inner join records as right_records
    on
        likenesses.right_person_id = right_records.record_id
        and left_records.one_id = right_records.one_id
