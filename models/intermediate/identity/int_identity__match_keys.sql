-- Grain: one row per blocking rule and profile that shares the rule's key with another person
-- A key that many profiles share says little and costs the square of their number, so it is left
-- out; narrower rules look at them.
with

keys as (
    select
        profile_keys.block_id,
        profile_keys.max_profiles,
        profiles.profile_id,
        profiles.person_id
    from {{ ref('int_identity__match_profile_keys') }} as profile_keys
    inner join {{ ref('int_identity__match_profiles') }} as profiles
        on
            profile_keys.profile_id = profiles.profile_id
            and profile_keys.content_id = profiles.content_id
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
