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
    select identifier_type, max_records_per_system, max_records
    from (
        select
            identifier_policy.identifier_type,
            identifier_policy.max_records_per_system,
            identifier_policy.max_records,
            row_number() over (
                partition by identifier_policy.identifier_type order by identifier_policy.valid_from desc
            ) as policy_rank
        from {{ ref('identifier_policy') }} as identifier_policy
        inner join {{ ref('stg_rekindle__as_of') }} as as_of on identifier_policy.valid_from <= as_of.as_of_date
    ) as dated_policy
    where policy_rank = 1
)

select
    holders.identifier_type,
    holders.identifier_token,
    cast(holders.records_in_one_system as bigint) as records_in_one_system,
    cast(holders.records_in_all as bigint) as records_in_all,
    case
        when holders.records_in_one_system > policy.max_records_per_system then 'too_many_in_one_system'
        else 'too_many_in_all'
    end as reason
from holders
inner join policy on holders.identifier_type = policy.identifier_type
where
    holders.records_in_one_system > policy.max_records_per_system
    or holders.records_in_all > policy.max_records
