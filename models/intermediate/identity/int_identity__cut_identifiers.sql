-- Grain: one row per identifier that too many records hold, with the reason; it links nobody
with

holders_by_system as (
    select
        identifier_type,
        identifier_token,
        split_part(source_record_key, '.', 1) as source_system,
        count(*) as records
    from {{ ref('int_identity__identifiers') }}
    group by identifier_type, identifier_token, split_part(source_record_key, '.', 1)
),

holders as (
    select
        identifier_type,
        identifier_token,
        max(records) as records_in_one_system,
        sum(records) as records_in_all
    from holders_by_system
    group by identifier_type, identifier_token
),

policy as (
    {{ policy_in_force('identifier_policy', 'identifier_type') }}
)

select
    holders.identifier_type,
    holders.identifier_token,
    cast(holders.records_in_one_system as bigint) as records_in_one_system,
    cast(holders.records_in_all as bigint) as records_in_all,
    case
        when holders.records_in_one_system > policy.max_records_per_system
            then 'too_many_in_one_system'
        else 'too_many_in_all'
    end as reason
from holders
inner join policy on holders.identifier_type = policy.identifier_type
where
    holders.records_in_one_system > policy.max_records_per_system
    or holders.records_in_all > policy.max_records
