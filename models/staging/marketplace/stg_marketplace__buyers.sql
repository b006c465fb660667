-- Grain: one row per marketplace buyer, as known at the end of as_of
with

versions as (
    {{ known_then(
        source('marketplace', 'buyers'),
        'platform, buyer_id',
        'updated_at',
        'created_at'
    ) }}
)

select
    platform,
    buyer_id,
    case when is_known_version then phone end as phone,
    case when is_known_version then phone_status end as phone_status,
    case when is_known_version then phone_token end as phone_token,
    receiver_name,
    receiver_name_normalised,
    receiver_name_latin,
    receiver_address,
    receiver_address_normalised,
    created_at,
    updated_at
from versions
