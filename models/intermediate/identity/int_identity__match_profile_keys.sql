-- Grain: one row per profile, content and blocking rule whose key it has
-- A log: what a profile says makes the same keys as long as it says that and the policy stays.
-- Where a profile says something else, the keys of what it said stay behind unread. Parts that it
-- lacks make no key.
{{ config(materialized='incremental', incremental_strategy='append') }}
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
        profiles.profile_id,
        {%- for part, expression in parts.items() %}
        {{ expression }} as part_{{ part }},
        {%- endfor %}
        profiles.content_id
    from {{ ref('int_identity__match_profiles') }} as profiles
    {%- if is_incremental() %}
    left join (
        select profile_id, content_id from {{ this }}
        group by profile_id, content_id
    ) as former
        on profiles.profile_id = former.profile_id and profiles.content_id = former.content_id
    where former.profile_id is null
    {%- endif %}
),

rules as (
    select rule_code, part_1, part_2, part_3, max_profiles
    from ({{ policy_in_force('match_blocking_rules', 'rule_code') }}) as blocking_rules
    where max_profiles > 1
),

chosen_parts as (
    select
        profiles.profile_id,
        profiles.content_id,
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
)

select
    profile_id,
    content_id,
    {{ key_number("rule_code || '|' || value_1 || '|' || value_2 || '|' || value_3") }} as block_id,
    max_profiles
from chosen_parts
where value_1 is not null and value_2 is not null and value_3 is not null
