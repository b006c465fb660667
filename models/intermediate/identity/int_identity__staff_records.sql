-- Grain: one row per source record that a staff record points at, by member number or linking phone
with

staff as (
    select member_no, phone_token from {{ ref('stg_crm__staff') }}
)

select 'crm.members:' || member_no as source_record_key
from staff
where member_no is not null
union
select linking_identifiers.source_record_key
from staff
inner join {{ ref('int_identity__linking_identifiers') }} as linking_identifiers
    on
        linking_identifiers.identifier_type = 'phone'
        and staff.phone_token = linking_identifiers.identifier_token
