-- Grain: one row per identifier cut because too many records hold it, devices included
with

cut_identifiers as (
    select identifier_type, identifier_token, records_in_one_system, records_in_all, reason
    from {{ ref('int_identity__cut_identifiers') }}
    union all
    select identifier_type, identifier_token, records_in_one_system, records_in_all, reason
    from {{ ref('int_identity__cut_devices') }}
)

select
    identifier_type,
    identifier_token,
    records_in_one_system,
    records_in_all,
    reason
from cut_identifiers
