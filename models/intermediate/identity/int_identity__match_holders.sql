-- Grain: one row per person of a likely pair and thing that nobody holds twice
-- Two persons who both hold such a thing are two: an id document, or a source with one record a
-- person.
with

persons as (
    select left_person_id as person_id from {{ ref('int_identity__match_scores') }}
    union
    select right_person_id as person_id from {{ ref('int_identity__match_scores') }}
),

records as (
    select linked_persons.person_id, linked_persons.source_record_key
    from {{ ref('int_identity__linked_persons') }} as linked_persons
    inner join persons on linked_persons.person_id = persons.person_id
)

{{ held_once('person_id') }}
