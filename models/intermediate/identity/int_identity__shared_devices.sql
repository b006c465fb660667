-- Grain: one row per record and device of several records that is evidence of its person
-- Cut devices are none, nor are those on which the record was not seen for long.
with

policy as (
    select identifier_type, expires_after_days
    from ({{ policy_in_force('identifier_policy', 'identifier_type') }}) as identifier_policy
    where identifier_type = 'device'
)

select
    records.record_id,
    holdings.source_record_key,
    record_persons.one_id,
    holdings.device_token,
    holdings.days
from {{ ref('int_identity__device_holdings') }} as holdings
cross join policy
cross join {{ ref('stg_rekindle__as_of') }} as as_of
inner join {{ ref('int_identity__records') }} as records
    on holdings.source_record_key = records.source_record_key
inner join {{ ref('int_identity__record_persons') }} as record_persons
    on holdings.source_record_key = record_persons.source_record_key
left join {{ ref('int_identity__cut_devices') }} as cut_devices
    on holdings.device_token = cut_devices.identifier_token
where
    cut_devices.identifier_token is null
    and (
        policy.expires_after_days is null
        or {{ business_date('holdings.last_seen_at') }}
        > {{ add_days('as_of.as_of_date', '-policy.expires_after_days') }}
    )
