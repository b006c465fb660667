-- Grain: one row per person of an accepted pair, with the smallest person it is connected to
{{ config(materialized='connected_components') }}
select
    right_person_id as record_id,
    left_person_id as hub_record_id
from {{ ref('int_identity__match_pairs') }}
where is_accepted
