-- Grain: one row per linked record, with the smallest record of its connected component
{{ config(materialized='connected_components') }}
select record_id, hub_record_id
from {{ ref('int_identity__links') }}
