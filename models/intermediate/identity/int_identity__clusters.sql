-- Grain: one row per source record, with the cluster of records that are its person; null = alone
-- Clusters of shared identifiers, those joined that likeness takes for one person.
-- A view: naming the persons reads it once.
{{ config(materialized='view') }}
select
    linked_persons.record_id,
    linked_persons.source_record_key,
    linked_persons.first_seen_at,
    linked_persons.mint_key,
    coalesce(probable_links.hub_record_id, linked_persons.cluster_id) as cluster_id,
    linked_persons.is_separated,
    probable_links.record_id is not null as is_joined_by_likeness
from {{ ref('int_identity__linked_persons') }} as linked_persons
left join {{ ref('int_identity__probable_links') }} as probable_links
    on linked_persons.person_id = probable_links.record_id
