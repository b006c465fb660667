-- Grain: one row per person
with

record_persons as (
    select one_id, source_record_key, born_at, updated_at, first_fact_at, first_seen_at
    from {{ ref('int_identity__record_persons') }}
),

persons as (
    select
        one_id,
        min(first_seen_at) as first_seen_at,
        coalesce(
            min(least(coalesce(born_at, first_fact_at), coalesce(first_fact_at, born_at))),
            min(updated_at)
        ) as born_at,
        count(*) as record_count
    from record_persons
    group by one_id
),

identifiers as (
    select one_id, count(*) as identifier_count
    from (
        select
            record_persons.one_id,
            linking_identifiers.identifier_type,
            linking_identifiers.identifier_token
        from {{ ref('int_identity__linking_identifiers') }} as linking_identifiers
        inner join record_persons
            on linking_identifiers.source_record_key = record_persons.source_record_key
        group by
            record_persons.one_id,
            linking_identifiers.identifier_type,
            linking_identifiers.identifier_token
    ) as held_identifiers
    group by one_id
),

staff as (
    select record_persons.one_id
    from {{ ref('int_identity__staff_records') }} as staff_records
    inner join record_persons on staff_records.source_record_key = record_persons.source_record_key
    group by record_persons.one_id
),

golden_members as (
    select one_id, register_channel, is_test, registered_at
    from {{ ref('int_identity__golden_members') }}
),

golden_values as (
    select
        one_id,
        max(case when attribute = 'gender' then value end) as gender,
        max(case when attribute = 'birth_year' then value end) as birth_year,
        max(case when attribute = 'province' then value end) as province,
        max(case when attribute = 'city' then value end) as city
    from {{ ref('int_identity__golden_values') }}
    where attribute in ('gender', 'birth_year', 'province', 'city')
    group by one_id
)

select
    persons.one_id,
    persons.first_seen_at,
    persons.born_at,
    {{ business_date('persons.born_at') }} as born_date,
    golden_members.registered_at,
    golden_members.register_channel,
    persons.record_count,
    coalesce(identifiers.identifier_count, 0) as identifier_count,
    golden_members.one_id is not null as is_registered,
    coalesce(golden_members.is_test, false) as is_test,
    staff.one_id is not null as is_staff,
    golden_values.gender,
    cast(golden_values.birth_year as integer) as birth_year,
    golden_values.province,
    golden_values.city
from persons
left join identifiers on persons.one_id = identifiers.one_id
left join staff on persons.one_id = staff.one_id
left join golden_members on persons.one_id = golden_members.one_id
left join golden_values on persons.one_id = golden_values.one_id
