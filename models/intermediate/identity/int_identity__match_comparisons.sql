-- Grain: one row per candidate pair of profiles, with the level of agreement of each comparison
-- Beside a level stands how many profiles hold the value that is equal; where both place and
-- postcode are equal, the rarer one.
{%- set counted = ['name', 'birthday', 'address', 'house', 'street', 'place', 'postcode'] %}
with

profiles as (
    select
        profile_id,
        content_id,
        {%- for field in counted %}
        {{ field }}_holders,
        {%- endfor %}
        person_id
    from {{ ref('int_identity__match_profiles') }}
),

levels as (
    select
        left_profile_id,
        right_profile_id,
        left_content_id,
        right_content_id,
        name_level,
        birthday_level,
        address_level,
        place_level,
        gender_level,
        is_same_place,
        is_same_postcode
    from {{ ref('int_identity__match_levels') }}
),

pairs as (
    select
        candidates.left_profile_id,
        candidates.right_profile_id,
        lefts.person_id as left_person_id,
        rights.person_id as right_person_id,
        candidates.is_blocked,
        candidates.is_by_chance,
        levels.name_level,
        levels.birthday_level,
        levels.address_level,
        levels.place_level,
        levels.gender_level,
        levels.is_same_place,
        {%- for field in counted %}
        greatest(lefts.{{ field }}_holders, rights.{{ field }}_holders) as {{ field }}_holders,
        {%- endfor %}
        levels.is_same_postcode
    from {{ ref('int_identity__match_candidates') }} as candidates
    inner join profiles as lefts on candidates.left_profile_id = lefts.profile_id
    inner join profiles as rights on candidates.right_profile_id = rights.profile_id
    inner join levels
        on
            candidates.left_profile_id = levels.left_profile_id
            and candidates.right_profile_id = levels.right_profile_id
            and lefts.content_id = levels.left_content_id
            and rights.content_id = levels.right_content_id
)

select
    left_profile_id,
    right_profile_id,
    left_person_id,
    right_person_id,
    is_blocked,
    is_by_chance,
    name_level,
    birthday_level,
    address_level,
    place_level,
    gender_level,
    case when name_level in ('exact', 'same_sound') then name_holders end as name_holders,
    case when birthday_level = 'exact' then birthday_holders end as birthday_holders,
    case address_level
        when 'exact' then address_holders
        when 'same_house' then house_holders
        when 'same_street' then street_holders
    end as address_holders,
    case
        when is_same_place and is_same_postcode then least(place_holders, postcode_holders)
        when is_same_place then place_holders
        when is_same_postcode then postcode_holders
    end as place_holders,
    cast(null as bigint) as gender_holders
from pairs
