-- Grain: one row per record and thing that links it: an identifier in one tenure or a decision
-- A view: clustering reads it as the links are computed. Decisions weigh more than strong
-- identifiers, and these more than weak ones.
{{ config(materialized='view') }}
with

policy as (
    {{ policy_in_force('identifier_policy', 'identifier_type') }}
),

decided_links as (
    select left_record_id, right_record_id, decision_token
    from {{ ref('int_identity__decided_pairs') }}
    where decision = 'link'
)

select
    records.record_id,
    linking_identifiers.identifier_type,
    linking_identifiers.identifier_token,
    linking_identifiers.tenure,
    linking_identifiers.held_from,
    case when policy.strength = 'strong' then 1 else 2 end as link_rank
from {{ ref('int_identity__linking_identifiers') }} as linking_identifiers
inner join {{ ref('int_identity__records') }} as records
    on linking_identifiers.source_record_key = records.source_record_key
inner join policy on linking_identifiers.identifier_type = policy.identifier_type
union all
select
    left_record_id as record_id,
    'decision' as identifier_type,
    decision_token as identifier_token,
    1 as tenure,
    cast(null as timestamp) as held_from,
    0 as link_rank
from decided_links
union all
select
    right_record_id as record_id,
    'decision' as identifier_type,
    decision_token as identifier_token,
    1 as tenure,
    cast(null as timestamp) as held_from,
    0 as link_rank
from decided_links
