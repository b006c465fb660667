-- Grain: one row per source record that is a person's: known records and those that only facts name
-- A known record is as old as its registration or the person's first act; a record of facts alone
-- is as old as its first fact. A phone that is unusable or cut names nobody, and so does a
-- placeholder that no source system knows.
with

known_records as (
    select source_record_key, source_system, source_table, source_key, born_at, updated_at
    from {{ ref('int_identity__known_records') }}
),

fact_records as (
    select source_record_key, buyer_key_type, first_fact_at, first_act_at, first_fact_key
    from {{ ref('int_identity__fact_records') }}
),

placeholders as (
    select identifier_value from {{ ref('identifier_exclusions') }}
    where identifier_type = 'any'
    group by identifier_value
),

linking_phones as (
    select source_record_key from {{ ref('int_identity__linking_identifiers') }}
    where identifier_type = 'phone'
    group by source_record_key
),

records_of_facts_alone as (
    select
        fact_records.source_record_key,
        fact_records.first_fact_at,
        fact_records.first_fact_key,
        split_part(split_part(fact_records.source_record_key, ':', 1), '.', 1) as source_system,
        split_part(split_part(fact_records.source_record_key, ':', 1), '.', 2) as source_table,
        substr(
            fact_records.source_record_key,
            length(split_part(fact_records.source_record_key, ':', 1)) + 2
        ) as source_key
    from fact_records
    left join known_records on fact_records.source_record_key = known_records.source_record_key
    left join linking_phones on fact_records.source_record_key = linking_phones.source_record_key
    where
        known_records.source_record_key is null
        and (fact_records.buyer_key_type <> 'phone' or linking_phones.source_record_key is not null)
),

records as (
    select
        known_records.source_record_key,
        known_records.source_system,
        known_records.source_table,
        known_records.source_key,
        known_records.born_at,
        known_records.updated_at,
        fact_records.first_act_at as first_fact_at,
        known_records.source_record_key as mint_key
    from known_records
    left join fact_records on known_records.source_record_key = fact_records.source_record_key
    union all
    select
        records_of_facts_alone.source_record_key,
        records_of_facts_alone.source_system,
        records_of_facts_alone.source_table,
        records_of_facts_alone.source_key,
        cast(null as timestamp) as born_at,
        cast(null as timestamp) as updated_at,
        records_of_facts_alone.first_fact_at,
        coalesce(
            records_of_facts_alone.first_fact_key, records_of_facts_alone.source_record_key
        ) as mint_key
    from records_of_facts_alone
    left join placeholders
        on lower(records_of_facts_alone.source_key) = placeholders.identifier_value
    where placeholders.identifier_value is null
)

select
    row_number() over (
        order by md5(source_record_key) nulls last, source_record_key nulls last
    ) as record_id,
    source_record_key,
    source_system,
    source_table,
    source_key,
    born_at,
    updated_at,
    first_fact_at,
    coalesce(least(born_at, first_fact_at), born_at, first_fact_at, updated_at) as first_seen_at,
    mint_key
from records
