-- Grain: one row per source record that holds personal data
-- The one table that may hold it. It stays in the build file: whoever has to address a person reads
-- it there, readers of published marts never do.
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
    personal_records.updated_at
from personal_records
inner join record_persons
    on personal_records.source_record_key = record_persons.source_record_key
where
    personal_records.name is not null
    or personal_records.birth_date is not null
    or personal_records.phone is not null
    or personal_records.email is not null
    or personal_records.address is not null
