-- Grain: one row per blocking rule and profile that shares the rule's key with another person
-- A key that many profiles share says little and costs the square of their number, so it is left
-- out; narrower rules look at them. Parts that a profile lacks make no key.
{%- set parts = {
    'birth_month_day': "cast(birth_month * 100 + birth_day as string)",
    'birth_year': 'cast(birth_year as string)',
    'birthday': "cast(birth_year as string) || '-' || cast(least(birth_month, birth_day) as string)"
        ~ " || '-' || cast(greatest(birth_month, birth_day) as string)",
    'city': 'city',
    'house': 'house',
    'name': 'name_sorted',
    'name_head': 'name_head',
    'name_head_start': 'substr(name_head, 1, 3)',
    'name_tail': 'name_tail',
    'name_tail_start': 'substr(name_tail, 1, 3)',
    'numbers': 'numbers',
    'place': 'place',
    'postcode': 'postcode',
    'street': 'street',
    'street_start': 'substr(street, 1, 5)',
} %}
with

profiles as (
    select
        profile_id,
        {%- for part, expression in parts.items() %}
        {{ expression }} as part_{{ part }},
        {%- endfor %}
        person_id
    from {{ ref('int_identity__match_profiles') }}
),

rules as (
    select rule_code, part_1, part_2, part_3, max_profiles
    from ({{ policy_in_force('match_blocking_rules', 'rule_code') }}) as blocking_rules
    where max_profiles > 1
),

chosen_parts as (
    select
        profiles.profile_id,
        profiles.person_id,
        rules.rule_code,
        {%- for number in (1, 2, 3) %}
        case rules.part_{{ number }}
            {%- for part in parts %}
            when '{{ part }}' then profiles.part_{{ part }}
            {%- endfor %}
            {%- if number > 1 %}
            when 'none' then ''
            {%- endif %}
        end as value_{{ number }},
        {%- endfor %}
        rules.max_profiles
    from profiles
    cross join rules
),

keys as (
    select
        profile_id,
        person_id,
        max_profiles,
        {{ key_number("rule_code || '|' || value_1 || '|' || value_2 || '|' || value_3") }}
            as block_id
    from chosen_parts
    where value_1 is not null and value_2 is not null and value_3 is not null
),

blocks as (
    select block_id
    from keys
    group by block_id
    having count(*) <= max(max_profiles) and min(person_id) <> max(person_id)
)

select
    keys.block_id,
    keys.profile_id,
    keys.person_id
from keys
inner join blocks on keys.block_id = blocks.block_id
