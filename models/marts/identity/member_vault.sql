-- Grain: one row per source record that holds personal data
-- The one table that may hold it. It stays in the build file: whoever has to address a person reads
-- it there, readers of published marts never do. Beside a value stands since when it is the one
-- that holds of its person, so this row is where it comes from; beside the others nothing.
{{ config(schema='vault', access='protected', meta={'vault': true, 'label_zh': '个人信息保险库'}) }}
with

personal_records as (
    select
        source_record_key,
        name,
        gender,
        birth_date,
        phone,
        email,
        address,
        postcode,
        district,
        updated_at
    from {{ ref('int_identity__personal_records') }}
),

record_persons as (
    select source_record_key, one_id from {{ ref('int_identity__record_persons') }}
),

golden_values as (
    select source_record_key, attribute, known_at from {{ ref('int_identity__golden_values') }}
),

golden_places as (
    select
        source_record_key,
        max(case when attribute = 'name' then known_at end) as name_golden_at,
        max(case when attribute = 'birth_year' then known_at end) as birth_date_golden_at,
        max(case when attribute = 'phone' then known_at end) as phone_golden_at,
        max(case when attribute = 'email' then known_at end) as email_golden_at,
        max(case when attribute = 'address' then known_at end) as address_golden_at
    from golden_values
    group by source_record_key
)

select
    record_persons.one_id,
    {{ record_source_system('personal_records.source_record_key') }} as source_system,
    {{ record_source_table('personal_records.source_record_key') }} as source_table,
    {{ record_source_key('personal_records.source_record_key') }} as source_key,
    personal_records.name,
    personal_records.gender,
    personal_records.birth_date,
    personal_records.phone,
    personal_records.email,
    personal_records.address,
    personal_records.postcode,
    personal_records.district,
    personal_records.updated_at,
    golden_places.name_golden_at,
    golden_places.birth_date_golden_at,
    golden_places.phone_golden_at,
    golden_places.email_golden_at,
    golden_places.address_golden_at
from personal_records
inner join record_persons
    on personal_records.source_record_key = record_persons.source_record_key
left join golden_places
    on personal_records.source_record_key = golden_places.source_record_key
where
    personal_records.name is not null
    or personal_records.birth_date is not null
    or personal_records.phone is not null
    or personal_records.email is not null
    or personal_records.address is not null
