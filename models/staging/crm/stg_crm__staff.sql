-- Grain: one row per staff record, as known at the end of as_of
with

versions as (
    {{ known_then(source('crm', 'staff'), 'staff_id', 'updated_at', 'cast(null as timestamp)') }}
)

select
    member_no,
    case when is_known_version then phone end as phone,
    case when is_known_version then phone_status end as phone_status,
    case when is_known_version then phone_token end as phone_token,
    staff_id,
    updated_at
from versions
