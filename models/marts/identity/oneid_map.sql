-- Grain: one row per source record
-- What stands in facts for an erased person is the record of nobody.
with

record_persons as (
    select
        record_persons.source_record_key,
        record_persons.one_id,
        record_persons.first_seen_at,
        record_persons.linked_at
    from {{ ref('int_identity__record_persons') }} as record_persons
    left join {{ ref('stg_rekindle__erased_records') }} as erased_records
        on record_persons.source_record_key = erased_records.source_record_key
    where erased_records.source_record_key is null
),

records_linked_by_hand as (
    select records.source_record_key
    from {{ ref('int_identity__decided_pairs') }} as pairs
    inner join {{ ref('int_identity__records') }} as records
        on pairs.left_record_id = records.record_id or pairs.right_record_id = records.record_id
    where pairs.decision = 'link'
    group by records.source_record_key
),

records_joined_by_likeness as (
    select linked_persons.source_record_key, probable_links.match_probability
    from {{ ref('int_identity__linked_persons') }} as linked_persons
    inner join {{ ref('int_identity__probable_links') }} as probable_links
        on linked_persons.person_id = probable_links.record_id
    where probable_links.match_probability is not null
)

select
    {{ record_source_system('record_persons.source_record_key') }} as source_system,
    {{ record_source_table('record_persons.source_record_key') }} as source_table,
    {{ record_source_key('record_persons.source_record_key') }} as source_key,
    record_persons.one_id,
    record_persons.first_seen_at,
    record_persons.linked_at,
    case
        when records_linked_by_hand.source_record_key is not null then 'forced'
        when records_joined_by_likeness.source_record_key is not null then 'probabilistic'
        else 'deterministic'
    end as link_kind,
    records_joined_by_likeness.match_probability
from record_persons
left join records_linked_by_hand
    on record_persons.source_record_key = records_linked_by_hand.source_record_key
left join records_joined_by_likeness
    on record_persons.source_record_key = records_joined_by_likeness.source_record_key
