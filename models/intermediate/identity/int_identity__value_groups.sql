-- Grain: one row per record whose person has several values, with the smallest record of it
-- Values of an identifier that a person has once are one person's all the same where one record
-- held them in turn, or where a decision links their holders; and so on from value to value.
-- A value is the smallest record that holds it. Nearly empty: who has one value stays out.
{{ config(materialized='connected_components') }}
with

person_values as (
    select
        record_id,
        value_number,
        min(value_number) over (partition by record_id) as least_number,
        max(value_number) over (partition by record_id) as greatest_number
    from {{ ref('int_identity__person_values') }}
),

decided_pairs as (
    select left_record_id, right_record_id
    from {{ ref('int_identity__decided_pairs') }}
    where decision = 'link'
),

decided_records as (
    select left_record_id as record_id from decided_pairs
    union
    select right_record_id as record_id from decided_pairs
)

select person_values.record_id, person_values.value_number as hub_record_id
from person_values
left join decided_records on person_values.record_id = decided_records.record_id
where
    person_values.least_number <> person_values.greatest_number
    or decided_records.record_id is not null
union all
select left_record_id as record_id, right_record_id as hub_record_id
from decided_pairs
