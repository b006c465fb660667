-- Grain: one row per source record that holds a name, a birthday or an address
-- A placeholder is no name, a surname alone says too little, and a title is no part of a name.
-- What likeness compares is kept in the vault: the values are a person's.
{{ config(schema='vault', meta={'vault': true}) }}
with

described_records as (
    select
        'crm.members:' || member_no as source_record_key,
        name_normalised as name,
        name_latin,
        gender,
        birthday,
        address_normalised as address,
        coalesce(city, province) as city,
        district,
        postcode
    from {{ ref('stg_crm__members') }}
    union all
    select
        'marketplace.buyers:' || platform || ':' || buyer_id as source_record_key,
        receiver_name_normalised as name,
        receiver_name_latin as name_latin,
        cast(null as string) as gender,
        cast(null as date) as birthday,
        receiver_address_normalised as address,
        cast(null as string) as city,
        cast(null as string) as district,
        cast(null as string) as postcode
    from {{ ref('stg_marketplace__buyers') }}
    union all
    select
        'mini_program.users:' || openid as source_record_key,
        nickname_normalised as name,
        nickname_latin as name_latin,
        cast(null as string) as gender,
        cast(null as date) as birthday,
        cast(null as string) as address,
        cast(null as string) as city,
        cast(null as string) as district,
        cast(null as string) as postcode
    from {{ ref('stg_mini_program__users') }}
),

placeholders as (
    {{ placeholders() }}
),

plain_names as (
    select
        described_records.source_record_key,
        case
            when placeholders.identifier_value is null
                then {{ text_replaced(
                    'described_records.name',
                    "'^(mr|mrs|ms|miss|dr)[. ]+|(先生|女士|小姐|太太)$'"
                ) }}
        end as name
    from described_records
    left join placeholders on described_records.name = placeholders.identifier_value
)

select
    linked_persons.record_id,
    linked_persons.person_id,
    case when length(plain_names.name) > 1 then plain_names.name end as name,
    case when length(plain_names.name) > 1 then described_records.name_latin end as name_latin,
    case when described_records.gender in ('female', 'male') then described_records.gender end
        as gender,
    described_records.birthday,
    described_records.address,
    lower(described_records.city) as city,
    lower(described_records.district) as district,
    described_records.postcode
from described_records
inner join plain_names
    on described_records.source_record_key = plain_names.source_record_key
inner join {{ ref('int_identity__linked_persons') }} as linked_persons
    on described_records.source_record_key = linked_persons.source_record_key
where
    plain_names.name is not null
    or described_records.birthday is not null
    or described_records.address is not null
