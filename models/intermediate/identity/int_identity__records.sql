-- Grain: one row per source record that is a person's: known records and those that only facts name
-- A known record is as old as its registration or the person's first act; a record of facts alone
-- is as old as its first fact. A phone that is unusable or cut names nobody, and so does a key that
-- is a placeholder and that no source system knows, whatever its type.
with

known_records as (
    select source_record_key, born_at, updated_at from {{ ref('int_identity__known_records') }}
),

fact_records as (
    select source_record_key, buyer_key_type, first_fact_at, first_act_at, first_fact_key
    from {{ ref('int_identity__fact_records') }}
),

placeholders as (
    {{ placeholders() }}
),

-- A card is known by its token, so that its number is looked for where it stands.
cards_of_facts as (
    select source_record_key, identifier_value
    from {{ ref('stg_commerce__buyer_key_identifiers') }}
    where identifier_type = 'card_no'
    union all
    select source_record_key, identifier_value
    from {{ ref('stg_catalog__buyer_key_identifiers') }}
    where identifier_type = 'card_no'
),

placeholder_cards as (
    select cards_of_facts.source_record_key
    from cards_of_facts
    inner join placeholders
        on lower(cards_of_facts.identifier_value) = placeholders.identifier_value
    group by cards_of_facts.source_record_key
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
        {{ record_source_table('fact_records.source_record_key') }} as source_table,
        {{ record_source_key('fact_records.source_record_key') }} as source_key
    from fact_records
    left join known_records on fact_records.source_record_key = known_records.source_record_key
    left join linking_phones on fact_records.source_record_key = linking_phones.source_record_key
    left join placeholder_cards
        on fact_records.source_record_key = placeholder_cards.source_record_key
    where
        known_records.source_record_key is null
        and placeholder_cards.source_record_key is null
        and (fact_records.buyer_key_type <> 'phone' or linking_phones.source_record_key is not null)
),

-- The key follows the platform of a marketplace buyer and the type of a phone or card.
keys_of_facts_alone as (
    select
        *,
        case
            when source_table in ('buyers', 'orders')
                then substr(source_key, length(split_part(source_key, ':', 1)) + 2)
            else source_key
        end as buyer_key
    from records_of_facts_alone
),

records as (
    select
        known_records.source_record_key,
        known_records.born_at,
        known_records.updated_at,
        fact_records.first_act_at as first_fact_at,
        cast(null as string) as first_fact_key
    from known_records
    left join fact_records on known_records.source_record_key = fact_records.source_record_key
    union all
    select
        keys_of_facts_alone.source_record_key,
        cast(null as timestamp) as born_at,
        cast(null as timestamp) as updated_at,
        keys_of_facts_alone.first_fact_at,
        keys_of_facts_alone.first_fact_key
    from keys_of_facts_alone
    left join placeholders
        on lower(keys_of_facts_alone.buyer_key) = placeholders.identifier_value
    where placeholders.identifier_value is null
)

select
    {{ key_number('source_record_key') }} as record_id,
    source_record_key,
    born_at,
    updated_at,
    first_fact_at,
    coalesce(least(born_at, first_fact_at), born_at, first_fact_at, updated_at) as first_seen_at,
    first_fact_key
from records
