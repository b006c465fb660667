-- Grain: one row per attribute recorded for a member at a time, as known at the end of as_of
with

versions as (
    {{ known_then(
        source('crm', 'member_attributes'),
        'member_no, attribute_code, recorded_at',
        'recorded_at',
        'recorded_at'
    ) }}
)

select
    member_no,
    attribute_code,
    value,
    source,
    recorded_at
from versions
