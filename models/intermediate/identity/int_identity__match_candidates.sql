-- Grain: one row per pair of profiles of two persons that is compared
-- Beside the pairs that share a blocking key stand some made by chance, from which training learns
-- how often levels agree among strangers; they are never joined.
{%- set chance_profiles = 20000 %}
{%- set chance_partners = 10 %}
{%- set key_numbers = 1152921504606846976 %}
with

keys as (
    select block_id, profile_id, person_id from {{ ref('int_identity__match_keys') }}
),

population as (
    select count(*) as profiles from {{ ref('int_identity__match_profiles') }}
),

numbered_profiles as (
    select
        profile_id,
        person_id,
        {{ key_number('cast(profile_id as string)') }} as chance_number
    from {{ ref('int_identity__match_profiles') }}
),

-- The smallest numbers, about three times as many as are wanted, so that no engine sorts everybody.
drawn_profiles as (
    select
        numbered_profiles.profile_id,
        numbered_profiles.person_id,
        numbered_profiles.chance_number
    from numbered_profiles
    cross join population
    where
        cast(numbered_profiles.chance_number as double)
        <= cast({{ 3 * chance_profiles }} as double) / nullif(population.profiles, 0)
        * cast({{ key_numbers }} as double)
),

shuffled_profiles as (
    select
        profile_id,
        person_id,
        row_number() over (
            order by chance_number asc nulls last, profile_id asc nulls last
        ) as place
    from drawn_profiles
),

pairs as (
    select
        left_keys.profile_id as left_profile_id,
        right_keys.profile_id as right_profile_id,
        1 as is_blocked,
        0 as is_by_chance
    from keys as left_keys
    inner join keys as right_keys
        on
            left_keys.block_id = right_keys.block_id
            and left_keys.profile_id < right_keys.profile_id
            and left_keys.person_id <> right_keys.person_id
    {%- for distance in range(1, chance_partners + 1) %}
    union all
    select
        least(lefts.profile_id, rights.profile_id) as left_profile_id,
        greatest(lefts.profile_id, rights.profile_id) as right_profile_id,
        0 as is_blocked,
        1 as is_by_chance
    from shuffled_profiles as lefts
    inner join shuffled_profiles as rights
        on lefts.place + {{ distance }} = rights.place and lefts.person_id <> rights.person_id
    where lefts.place <= {{ chance_profiles }}
    {%- endfor %}
)

select
    left_profile_id,
    right_profile_id,
    max(is_blocked) = 1 as is_blocked,
    max(is_by_chance) = 1 as is_by_chance
from pairs
group by left_profile_id, right_profile_id
