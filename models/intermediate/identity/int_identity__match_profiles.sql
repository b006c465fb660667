-- Grain: one row per person and distinct set of values to recognise it by
-- What a record does not know it takes from the other records of its person; records that then say
-- the same are one profile. Words that stand in every address tell nobody apart. Of two profiles
-- with one number and one content all else is equal but what counts others: so what was once found
-- out about them holds (int_identity__match_profile_keys, int_identity__match_levels).
-- Who shares what is not known is not counted; each such profile is a part of its own, so that no
-- task holds all of them. It is kept in the vault: the values are a person's.
{{ config(schema='vault', meta={'vault': true}) }}
{%- set street_words = 'street|st|road|rd|avenue|ave|place|pl|crescent|cres|drive|dr|lane|ln|close'
    ~ '|cl|court|ct|circuit|cct|way|parade|pde|terrace|tce|highway|hwy|boulevard|blvd|square|sq'
    ~ '|unit|flat|apt|apartment|suite|no|floor|building|bldg' %}
{%- set contents = [
    'name_text', 'name_head', 'name_tail', 'name_letters', 'gender', 'birthday', 'numbers', 'house',
    'street', 'street_letters', 'city', 'place', 'postcode',
] %}
{%- set content = [] %}
{%- for field in contents %}
{%- set text = 'cast(' ~ field ~ ' as string)' %}
{%- do content.append(
    "coalesce(cast(length(" ~ text ~ ") as string) || ':' || " ~ text ~ ", '-')"
) %}
{%- endfor %}
with

records as (
    select
        record_id,
        person_id,
        coalesce(name, max(name) over (partition by person_id)) as name,
        coalesce(name_latin, max(name_latin) over (partition by person_id)) as name_latin,
        coalesce(gender, max(gender) over (partition by person_id)) as gender,
        coalesce(birthday, max(birthday) over (partition by person_id)) as birthday,
        coalesce(address, max(address) over (partition by person_id)) as address,
        coalesce(city, max(city) over (partition by person_id)) as city,
        coalesce(district, max(district) over (partition by person_id)) as district,
        coalesce(postcode, max(postcode) over (partition by person_id)) as postcode
    from {{ ref('int_identity__match_records') }}
),

-- A residential compound is no district, though it ends with the same character.
addresses as (
    select
        address,
        replace(replace(address, '小区', '苑'), '社区', '苑') as plain_address
    from records
    where address is not null
    group by address
),

split_addresses as (
    select
        address,
        {{ text_replaced(
            text_replaced('plain_address', "'[^0-9]+'", "'-'"), "'^-|-$'"
        ) }} as numbers,
        {{ text_matched('plain_address', "'[^省市区县]{1,8}市'") }} as city,
        {{ text_matched('plain_address', "'[^省市区县镇乡]{1,8}[区县]'") }} as district,
        {{ text_matched('plain_address', "'[一-龥]'") }} is not null as is_chinese,
        {{ text_replaced(
            text_replaced(
                text_matched('plain_address', "'^[^0-9]+'"), "'^.*[省市区县镇乡]'"
            ),
            "'[ ,，。.·#-]+'"
        ) }} as chinese_street,
        {{ text_replaced(
            text_replaced(
                "' ' || " ~ text_replaced('plain_address', "'[^a-z]+'", "'  '") ~ " || ' '",
                "' (" ~ street_words ~ ") '"
            ),
            "' +'"
        ) }} as latin_street
    from addresses
),

placed_records as (
    select
        records.record_id,
        records.person_id,
        replace(records.name, ' ', '') as name_text,
        records.name_latin,
        split_part(records.name_latin, ' ', 1) as name_head,
        records.gender,
        records.birthday,
        split_addresses.numbers,
        split_part(split_addresses.numbers, '-', 1) as house,
        case
            when split_addresses.is_chinese then split_addresses.chinese_street
            else split_addresses.latin_street
        end as street,
        case when not split_addresses.is_chinese then split_addresses.latin_street end
            as street_letters,
        {{ text_replaced('coalesce(records.city, split_addresses.city)', "'[市省]$'") }} as city,
        {{ text_replaced(
            'coalesce(records.district, split_addresses.district)', "'[市区县]$'"
        ) }} as district,
        records.postcode
    from records
    left join split_addresses on records.address = split_addresses.address
),

profiles as (
    select
        min(record_id) as profile_id,
        person_id,
        name_text,
        name_head,
        nullif(replace(substr(name_latin, length(name_head) + 2), ' ', ''), '') as name_tail,
        replace(name_latin, ' ', '') as name_letters,
        gender,
        birthday,
        numbers,
        house,
        street,
        street_letters,
        city,
        coalesce(district, city) as place,
        postcode
    from placed_records
    group by
        person_id,
        name_text,
        name_latin,
        name_head,
        gender,
        birthday,
        numbers,
        house,
        street,
        street_letters,
        city,
        district,
        postcode
)

select
    profile_id,
    person_id,
    {{ key_number(content | join(' || ')) }} as content_id,
    name_text,
    name_head,
    name_tail,
    name_letters,
    {{ text_matched('name_text', "'[^ -~À-ɏ]'") }} is null as is_latin_name,
    case
        when name_tail is null or name_head <= name_tail
            then name_head || ' ' || coalesce(name_tail, '')
        else name_tail || ' ' || name_head
    end as name_sorted,
    gender,
    birthday,
    extract(year from birthday) as birth_year,
    extract(month from birthday) as birth_month,
    extract(day from birthday) as birth_day,
    numbers,
    house,
    street,
    street_letters,
    city,
    place,
    postcode,
    case
        when coalesce(name_letters, name_text) is not null
            then count(*) over (
                    partition by
                        coalesce(name_letters, name_text),
                        case when coalesce(name_letters, name_text) is null then profile_id end
                )
    end as name_holders,
    case
        when birthday is not null
            then count(*) over (
                    partition by birthday, case when birthday is null then profile_id end
                )
    end as birthday_holders,
    case
        when street is not null
            then count(*) over (
                    partition by street, numbers, case when street is null then profile_id end
                )
    end as address_holders,
    case
        when street is not null
            then count(*) over (
                    partition by street, house, case when street is null then profile_id end
                )
    end as house_holders,
    case
        when street is not null
            then count(*) over (
                    partition by street, case when street is null then profile_id end
                )
    end as street_holders,
    case
        when place is not null
            then count(*) over (
                    partition by place, case when place is null then profile_id end
                )
    end as place_holders,
    case
        when postcode is not null
            then count(*) over (
                    partition by postcode, case when postcode is null then profile_id end
                )
    end as postcode_holders
from profiles
