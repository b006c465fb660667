-- Grain: one row per record or identifier without which a person of many records falls apart
-- Into pieces of two records or more: that a record hangs on one identifier is nothing to review.
-- Without a node there is one piece for each block that it is part of: what is below it in that
-- block and, of the block that it hangs on itself, all that is not below it.
with

nodes as (
    select
        one_id,
        record_count,
        record_number as node_id,
        record_id,
        cast(null as string) as identifier_type,
        cast(null as string) as identifier_token
    from {{ ref('int_identity__bridge_holdings') }}
    group by one_id, record_count, record_number, record_id
    union all
    select
        one_id,
        record_count,
        identifier_number as node_id,
        cast(null as bigint) as record_id,
        identifier_type,
        identifier_token
    from {{ ref('int_identity__bridge_holdings') }}
    group by one_id, record_count, identifier_number, identifier_type, identifier_token
),

trees as (
    select node_id, parent_id, root_id, records from {{ ref('int_identity__bridge_trees') }}
),

block_nodes as (
    select
        trees.node_id,
        trees.parent_id,
        trees.root_id,
        trees.records,
        coalesce(blocks.component_id, trees.node_id) as block_id
    from trees
    left join {{ ref('int_identity__bridge_blocks') }} as blocks on trees.node_id = blocks.record_id
    where trees.parent_id is not null
),

parts_of_pieces as (
    select parent_id as node_id, block_id, records from block_nodes
    union all
    select
        block_nodes.node_id,
        block_nodes.block_id,
        roots.records - block_nodes.records as records
    from block_nodes
    inner join trees as roots on block_nodes.root_id = roots.node_id
),

pieces as (
    select node_id, block_id, sum(records) as records
    from parts_of_pieces
    group by node_id, block_id
    having sum(records) > 1
),

parted_nodes as (
    select
        node_id,
        count(*) as piece_count,
        sum(records) - max(records) as parted_records
    from pieces
    group by node_id
    having count(*) > 1
)

select
    nodes.one_id,
    case when nodes.record_id is null then 'identifier' else 'record' end as bridge_kind,
    coalesce(
        nodes.identifier_type, split_part(records.source_record_key, ':', 1)
    ) as bridge_type,
    coalesce(
        nodes.identifier_token, {{ record_source_key('records.source_record_key') }}
    ) as bridge_key,
    nodes.record_count,
    cast(parted_nodes.piece_count as bigint) as piece_count,
    cast(parted_nodes.parted_records as bigint) as parted_records
from nodes
inner join parted_nodes on nodes.node_id = parted_nodes.node_id
left join {{ ref('int_identity__records') }} as records on nodes.record_id = records.record_id
