-- Grain: one row per record or identifier of a person of many records, with its place in a tree
-- The tree is just enough of what the records hold to hold the person together.
{{ config(materialized='rooted_trees') }}
select
    record_number as record_id,
    identifier_number as identifier_id
from {{ ref('int_identity__bridge_holdings') }}
