-- Grain: one row per device that too many records have, with the reason; it is evidence of nothing
with

holders_by_system as (
    select
        device_token,
        {{ record_source_system('source_record_key') }} as source_system,
        count(*) as records
    from {{ ref('int_identity__device_holdings') }}
    group by device_token, {{ record_source_system('source_record_key') }}
),

holders as (
    select
        device_token,
        max(records) as records_in_one_system,
        sum(records) as records_in_all
    from holders_by_system
    group by device_token
),

policy as (
    select identifier_type, max_records_per_system, max_records
    from ({{ policy_in_force('identifier_policy', 'identifier_type') }}) as identifier_policy
    where identifier_type = 'device'
)

select
    policy.identifier_type,
    holders.device_token as identifier_token,
    cast(holders.records_in_one_system as bigint) as records_in_one_system,
    cast(holders.records_in_all as bigint) as records_in_all,
    case
        when holders.records_in_one_system > policy.max_records_per_system
            then 'too_many_in_one_system'
        else 'too_many_in_all'
    end as reason
from holders
cross join policy
where
    holders.records_in_one_system > policy.max_records_per_system
    or holders.records_in_all > policy.max_records
