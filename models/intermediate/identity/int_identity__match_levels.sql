-- Grain: one row per pair of profiles and contents ever compared, with the level of each comparison
-- A log: two profiles agree as they did as long as they say what they said. Where one says
-- something else, the levels of what it said stay behind unread.
-- A level is null where a side does not know the value: absence is no evidence. Texts are near when
-- one letter in three to five differs, two in six to eleven and so on, or when one is the beginning
-- or the end of the other; a name is near its initial.
{{ config(materialized='incremental', incremental_strategy='append') }}
{%- set near_texts = {
    'head': ('lefts.name_head', 'rights.name_head'),
    'tail': ('lefts.name_tail', 'rights.name_tail'),
    'head_tail': ('lefts.name_head', 'rights.name_tail'),
    'tail_head': ('lefts.name_tail', 'rights.name_head'),
    'letters': ('lefts.name_letters', 'rights.name_letters'),
    'street': ('lefts.street_letters', 'rights.street_letters'),
    'place': ('lefts.place_letters', 'rights.place_letters'),
    'postcode': ('lefts.postcode_letters', 'rights.postcode_letters'),
} %}
with

profiles as (
    select
        profile_id,
        content_id,
        name_text,
        name_head,
        name_tail,
        name_letters,
        is_latin_name,
        gender,
        birthday,
        birth_year,
        birth_month,
        birth_day,
        numbers,
        house,
        street,
        street_letters,
        city,
        place,
        {{ text_matched('place', "'^[a-z ]+$'") }} as place_letters,
        postcode,
        {{ text_matched('postcode', "'^[A-Za-z0-9]+$'") }} as postcode_letters
    from {{ ref('int_identity__match_profiles') }}
),

pairs as (
    select
        lefts.profile_id as left_profile_id,
        rights.profile_id as right_profile_id,
        lefts.content_id as left_content_id,
        rights.content_id as right_content_id
        {%- for field in [
            'name_text', 'name_head', 'name_tail', 'name_letters', 'is_latin_name', 'gender',
            'birthday', 'birth_year', 'birth_month', 'birth_day', 'numbers', 'house', 'street', 'city',
            'place', 'postcode',
        ] %},
        lefts.{{ field }} as left_{{ field }},
        rights.{{ field }} as right_{{ field }}
        {%- endfor %}
        {%- for field, (left_text, right_text) in near_texts.items() %},
        least(length({{ left_text }}), length({{ right_text }})) >= 3
        and (
            6 * {{ edit_distance(left_text, right_text) }}
            <= greatest(length({{ left_text }}), length({{ right_text }})) + 6
            or left({{ left_text }}, length({{ right_text }})) = {{ right_text }}
            or left({{ right_text }}, length({{ left_text }})) = {{ left_text }}
            or right({{ left_text }}, length({{ right_text }})) = {{ right_text }}
            or right({{ right_text }}, length({{ left_text }})) = {{ left_text }}
        )
        {%- if field in ['head', 'tail', 'head_tail', 'tail_head'] %}
        or least(length({{ left_text }}), length({{ right_text }})) = 1
        and left({{ left_text }}, 1) = left({{ right_text }}, 1)
        {%- endif %} as is_near_{{ field }}
        {%- endfor %},
        10 * {{ edit_distance('lefts.street_letters', 'rights.street_letters') }}
        <= 3 * greatest(length(lefts.street_letters), length(rights.street_letters))
            as is_close_street,
        20 * {{ edit_distance('lefts.street_letters', 'rights.street_letters') }}
        <= 9 * greatest(length(lefts.street_letters), length(rights.street_letters))
        {%- for end in ['left', 'right'] %}
        or length({{ end }}(lefts.street_letters, 5)) = 5
        and length({{ end }}(rights.street_letters, 5)) = 5
        and replace(lefts.street_letters, {{ end }}(rights.street_letters, 5), '')
        <> lefts.street_letters
        and replace(rights.street_letters, {{ end }}(lefts.street_letters, 5), '')
        <> rights.street_letters
        {%- endfor %} as is_similar_street
    from {{ ref('int_identity__match_candidates') }} as candidates
    inner join profiles as lefts on candidates.left_profile_id = lefts.profile_id
    inner join profiles as rights on candidates.right_profile_id = rights.profile_id
    {%- if is_incremental() %}
    left join {{ this }} as former
        on
            candidates.left_profile_id = former.left_profile_id
            and candidates.right_profile_id = former.right_profile_id
            and lefts.content_id = former.left_content_id
            and rights.content_id = former.right_content_id
    where former.left_profile_id is null
    {%- endif %}
),

-- A name counts as Chinese where it is not written in Latin letters. Of two given names of two
-- characters one may be the same.
compared_pairs as (
    select
        *,
        (left_is_latin_name and right_is_latin_name) = false as is_chinese,
        (
            is_near_tail
            or length(left_name_text) = length(right_name_text)
            and not left_is_latin_name
            and length(left_name_text) >= 3
            and left(left_name_text, 1) = left(right_name_text, 1)
            and (
                left(left_name_text, length(left_name_text) - 1)
                = left(right_name_text, length(right_name_text) - 1)
                or substr(left_name_text, 3) = substr(right_name_text, 3)
            )
        )
        and left_name_head = right_name_head
        or left_name_tail = right_name_tail and is_near_head
        or left_name_head = right_name_tail and is_near_tail_head
        or left_name_tail = right_name_head and is_near_head_tail as is_one_part_near,
        is_near_head and is_near_tail
        or is_near_head_tail and is_near_tail_head
        or is_near_letters as is_near_name,
        left_name_tail = right_name_tail
        or left_name_tail = right_name_head as is_given_name_same,
        left_street = right_street
        or is_near_street
        or is_close_street
        or right(left_street, length(right_street)) = right_street
        or right(right_street, length(left_street)) = left_street as is_same_street
    from pairs
)

select
    left_profile_id,
    right_profile_id,
    left_content_id,
    right_content_id,
    case
        when left_name_text is null or right_name_text is null then null
        when left_name_text = right_name_text then 'exact'
        when
            left_name_letters = right_name_letters
            or left_name_letters = right_name_tail || right_name_head
            or right_name_letters = left_name_tail || left_name_head
            then 'same_sound'
        when is_chinese and (is_one_part_near or is_near_name or is_given_name_same)
            then 'chinese_near'
        when is_chinese and left_name_head = right_name_head then 'chinese_surname'
        when is_chinese then 'chinese_other'
        when is_one_part_near then 'one_part_near'
        when
            left_name_tail is null and left_name_head in (right_name_head, right_name_tail)
            or right_name_tail is null and right_name_head in (left_name_head, left_name_tail)
            then 'part_missing'
        when is_near_name then 'near'
        when is_given_name_same or left_name_head = right_name_tail then 'same_tail'
        when left_name_head = right_name_head then 'same_head'
        when is_near_head or is_near_tail or is_near_head_tail or is_near_tail_head
            then 'part_near'
        else 'different'
    end as name_level,
    case
        when left_birthday is null or right_birthday is null then null
        when left_birthday = right_birthday then 'exact'
        when
            left_birth_year = right_birth_year
            and left_birth_month = right_birth_day
            and left_birth_day = right_birth_month
            then 'swapped'
        when abs({{ days_between('left_birthday', 'right_birthday') }}) = 1 then 'day_off'
        when
            left_birth_year = right_birth_year and left_birth_month = right_birth_month
            or left_birth_year = right_birth_year and left_birth_day = right_birth_day
            or left_birth_month = right_birth_month and left_birth_day = right_birth_day
            then 'two_parts'
        else 'different'
    end as birthday_level,
    case
        when
            (left_street is null or right_street is null)
            and (left_house is null or right_house is null)
            then null
        when left_street = right_street and left_numbers = right_numbers then 'exact'
        when is_same_street and left_house = right_house then 'same_house'
        when is_similar_street and left_house = right_house then 'similar_house'
        when is_same_street then 'same_street'
        when is_similar_street then 'similar_street'
        when left_house = right_house then 'same_number'
        else 'different'
    end as address_level,
    case
        when
            (left_place is null or right_place is null)
            and (left_postcode is null or right_postcode is null)
            then null
        when left_place = right_place and left_postcode = right_postcode then 'both'
        when left_place = right_place and is_near_postcode then 'place_near'
        when left_postcode = right_postcode and is_near_place then 'postcode_near'
        when left_place = right_place then 'place'
        when left_postcode = right_postcode then 'postcode'
        when is_near_place and is_near_postcode then 'both_near'
        when is_near_place or is_near_postcode then 'near'
        when left_city = right_city then 'city'
        else 'different'
    end as place_level,
    case
        when left_gender is null or right_gender is null then null
        when left_gender = right_gender then 'same'
        else 'different'
    end as gender_level,
    left_place = right_place as is_same_place,
    left_postcode = right_postcode as is_same_postcode
from compared_pairs
