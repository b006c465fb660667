-- Grain: one row per record of a component of more than one person and thing that links it
-- Records that decisions link are one unit.
with

conflicts as (
    select component_id from {{ ref('int_identity__conflicting_labels') }}
    group by component_id
),

contested_records as (
    select
        components.component_id,
        components.record_id,
        coalesce(decided_groups.component_id, components.record_id) as unit_id,
        records.source_record_key
    from {{ ref('int_identity__components') }} as components
    inner join conflicts on components.component_id = conflicts.component_id
    left join {{ ref('int_identity__decided_groups') }} as decided_groups
        on components.record_id = decided_groups.record_id
    inner join {{ ref('int_identity__records') }} as records
        on components.record_id = records.record_id
),

policy as (
    {{ policy_in_force('identifier_policy', 'identifier_type') }}
)

select
    contested_records.component_id,
    contested_records.record_id,
    contested_records.unit_id,
    record_holdings.identifier_type,
    record_holdings.identifier_token,
    record_holdings.tenure,
    {{ business_date('record_holdings.held_from') }} as held_from_date,
    case when policy.strength = 'strong' then 1 else 2 end as link_rank
from {{ ref('int_identity__record_holdings') }} as record_holdings
inner join contested_records
    on record_holdings.source_record_key = contested_records.source_record_key
inner join policy on record_holdings.identifier_type = policy.identifier_type
union all
select
    contested_records.component_id,
    contested_records.record_id,
    contested_records.unit_id,
    decided_links.identifier_type,
    decided_links.identifier_token,
    decided_links.tenure,
    cast(null as date) as held_from_date,
    0 as link_rank
from {{ ref('int_identity__decided_links') }} as decided_links
inner join contested_records on decided_links.record_id = contested_records.record_id
