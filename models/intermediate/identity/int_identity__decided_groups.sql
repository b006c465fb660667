-- Grain: one row per record that a decision links to another, with the smallest it is linked to
-- Through decisions alone: such records are one person, whatever their identifiers say.
{{ config(materialized='connected_components') }}
select left_record_id as record_id, right_record_id as hub_record_id
from {{ ref('int_identity__decided_pairs') }}
where decision = 'link'
