-- Grain: one row per linked record of a component of more than one person, with its own component
{{ config(materialized='connected_components') }}
select record_id, hub_record_id
from {{ ref('int_identity__separated_links') }}
