-- Grain: one row per tree edge that lies on a ring with another, with the smallest of its block
-- An edge is told by the node that it leads down to. Any two edges of a block lie on a ring, so
-- no single node parts it. A holding outside the tree closes a ring: from both of its ends, where
-- neither is below the other, and all the way up to where they meet (Tarjan and Vishkin).
{{ config(materialized='connected_components') }}
with

holdings as (
    select record_number, identifier_number from {{ ref('int_identity__bridge_holdings') }}
),

trees as (
    select node_id, parent_id, entry_step, exit_step, least_step, greatest_step
    from {{ ref('int_identity__bridge_trees') }}
)

select records.node_id as record_id, identifiers.node_id as hub_record_id
from holdings
inner join trees as records on holdings.record_number = records.node_id
inner join trees as identifiers on holdings.identifier_number = identifiers.node_id
where
    records.exit_step < identifiers.entry_step
    or identifiers.exit_step < records.entry_step
union all
select children.node_id as record_id, children.parent_id as hub_record_id
from trees as children
inner join trees as parents on children.parent_id = parents.node_id
where
    children.least_step < parents.entry_step
    or children.greatest_step > parents.exit_step
