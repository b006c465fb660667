-- Grain: one row per person of a likely pair and thing that nobody holds twice
-- Two persons who both hold such a thing are two: an id document, or a source with one record a
-- person.
with

once as (
    select kind, code
    from ({{ policy_in_force('match_once', ['kind', 'code']) }}) as match_once
    where is_once
),

persons as (
    select left_person_id as person_id from {{ ref('int_identity__match_scores') }}
    union
    select right_person_id as person_id from {{ ref('int_identity__match_scores') }}
),

records as (
    select
        linked_persons.person_id,
        linked_persons.source_record_key,
        split_part(linked_persons.source_record_key, ':', 1) as source_table
    from {{ ref('int_identity__linked_persons') }} as linked_persons
    inner join persons on linked_persons.person_id = persons.person_id
)

select
    records.person_id,
    once.kind,
    once.code
from records
inner join once on once.kind = 'source' and records.source_table = once.code
group by records.person_id, once.kind, once.code
union all
select
    records.person_id,
    once.kind,
    once.code
from records
inner join {{ ref('int_identity__linking_identifiers') }} as linking_identifiers
    on records.source_record_key = linking_identifiers.source_record_key
inner join once on once.kind = 'identifier' and linking_identifiers.identifier_type = once.code
group by records.person_id, once.kind, once.code
