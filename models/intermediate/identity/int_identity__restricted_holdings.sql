-- Grain: one row per holding that policy lets link less, with the island it links in; null = none
-- A holding that nothing has confirmed for long links nobody. Where two systems may not be joined
-- by a type, its holders fall into islands: systems that allowed pairs connect, over others that
-- hold the same value too. A system whose own records may not be joined, and that nothing else is
-- connected with, is no island. Without such policies there are no rows.
{%- set systems = [
    'app', 'commerce', 'crm', 'marketplace', 'mini_program', 'website', 'wecom'
] %}
with

policy as (
    {{ policy_in_force('identifier_policy', 'identifier_type') }}
),

as_of as (
    select as_of_date from {{ ref('stg_rekindle__as_of') }}
),

pairs as (
    {{ policy_in_force('identifier_pairs', ['identifier_type', 'left_system', 'right_system']) }}
),

forbidden_pairs as (
    select identifier_type, left_system as source_system, right_system as other_system
    from pairs
    where not is_allowed
    union
    select identifier_type, right_system as source_system, left_system as other_system
    from pairs
    where not is_allowed
),

restricted_types as (
    select identifier_type, true as has_forbidden_pairs
    from forbidden_pairs
    group by identifier_type
),

restrictions as (
    select
        policy.identifier_type,
        policy.expires_after_days,
        coalesce(restricted_types.has_forbidden_pairs, false) as has_forbidden_pairs
    from policy
    left join restricted_types on policy.identifier_type = restricted_types.identifier_type
    where
        policy.expires_after_days is not null
        or restricted_types.identifier_type is not null
),

holdings as (
    select
        linking_identifiers.source_record_key,
        linking_identifiers.identifier_type,
        linking_identifiers.identifier_token,
        linking_identifiers.tenure,
        {{ record_source_system('linking_identifiers.source_record_key') }} as source_system,
        restrictions.has_forbidden_pairs,
        coalesce(
            {{ business_date('linking_identifiers.confirmed_at') }}
            <= {{ add_days('as_of.as_of_date', '-restrictions.expires_after_days') }},
            false
        ) as is_expired
    from {{ ref('int_identity__linking_identifiers') }} as linking_identifiers
    inner join restrictions
        on linking_identifiers.identifier_type = restrictions.identifier_type
    cross join as_of
),

systems as (
    select
        identifier_type,
        identifier_token,
        tenure,
        source_system,
        case source_system
            {%- for system in systems %}
            when '{{ system }}' then {{ loop.index }}
            {%- endfor %}
        end as island
    from holdings
    where has_forbidden_pairs and not is_expired
    group by identifier_type, identifier_token, tenure, source_system
),

neighbours as (
    select
        systems.identifier_type,
        systems.identifier_token,
        systems.tenure,
        systems.source_system,
        systems.island,
        others.source_system as other_system
    from systems
    inner join systems as others
        on
            systems.identifier_type = others.identifier_type
            and systems.identifier_token = others.identifier_token
            and systems.tenure = others.tenure
    left join forbidden_pairs
        on
            systems.identifier_type = forbidden_pairs.identifier_type
            and systems.source_system = forbidden_pairs.source_system
            and others.source_system = forbidden_pairs.other_system
    where forbidden_pairs.identifier_type is null
),

{#- A round reads the one before it once: twice would double what Spark plans with every round. #}
{%- for round in range(1, systems | length) %}

islands_{{ round }} as (
    select
        neighbours.identifier_type,
        neighbours.identifier_token,
        neighbours.tenure,
        neighbours.source_system,
        least(min(neighbours.island), min(islands.island)) as island
    from neighbours
    inner join {{ 'systems' if loop.first else 'islands_' ~ (round - 1) }} as islands
        on
            neighbours.identifier_type = islands.identifier_type
            and neighbours.identifier_token = islands.identifier_token
            and neighbours.tenure = islands.tenure
            and neighbours.other_system = islands.source_system
    group by
        neighbours.identifier_type,
        neighbours.identifier_token,
        neighbours.tenure,
        neighbours.source_system
)
{%- if not loop.last %},{% endif %}
{%- endfor %}

select
    holdings.source_record_key,
    holdings.identifier_type,
    holdings.identifier_token,
    holdings.tenure,
    cast(islands.island as integer) as island
from holdings
left join islands_{{ systems | length - 1 }} as islands
    on
        holdings.identifier_type = islands.identifier_type
        and holdings.identifier_token = islands.identifier_token
        and holdings.tenure = islands.tenure
        and holdings.source_system = islands.source_system
        and not holdings.is_expired
where holdings.has_forbidden_pairs or holdings.is_expired
