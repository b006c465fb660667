-- Grain: one row per pair of persons who share a device that is evidence of both
-- What speaks against one person: that both hold what is held once, that their birthdays or
-- genders have none in common, or that their names have none while no birthday tells otherwise.
-- Of a device's other pairs so many are proposed, those first that were on it on most days.
with

policy as (
    {{ policy_in_force('device_policy') }}
),

ranked_records as (
    select
        one_id,
        device_token,
        source_record_key,
        days,
        row_number() over (
            partition by one_id, device_token
            order by days desc nulls last, source_record_key asc nulls last
        ) as record_rank
    from {{ ref('int_identity__shared_devices') }}
),

persons_on_devices as (
    select one_id, device_token, source_record_key, days
    from ranked_records
    where record_rank = 1
),

pairs_on_devices as (
    select
        left_persons.device_token,
        left_persons.one_id as left_one_id,
        right_persons.one_id as right_one_id,
        left_persons.source_record_key as left_record_key,
        right_persons.source_record_key as right_record_key,
        least(left_persons.days, right_persons.days) as days
    from persons_on_devices as left_persons
    inner join persons_on_devices as right_persons
        on
            left_persons.device_token = right_persons.device_token
            and left_persons.one_id < right_persons.one_id
    left join {{ ref('int_identity__persons_apart') }} as persons_apart
        on
            left_persons.one_id = persons_apart.left_one_id
            and right_persons.one_id = persons_apart.right_one_id
    where persons_apart.left_one_id is null
),

pairs as (
    select left_one_id, right_one_id
    from pairs_on_devices
    group by left_one_id, right_one_id
),

persons as (
    select left_one_id as one_id from pairs
    union
    select right_one_id as one_id from pairs
),

records as (
    select record_persons.one_id, records.record_id, records.source_record_key
    from persons
    inner join {{ ref('int_identity__record_persons') }} as record_persons
        on persons.one_id = record_persons.one_id
    inner join {{ ref('int_identity__records') }} as records
        on record_persons.source_record_key = records.source_record_key
),

-- Profiles are of what shared identifiers make one; such a person is numbered by a record of it.
profiles as (
    select records.one_id, profiles.name_sorted, profiles.birthday, profiles.gender
    from {{ ref('int_identity__match_profiles') }} as profiles
    inner join records on profiles.person_id = records.record_id
),

statements as (
    select one_id, 'name' as kind, name_sorted as value from profiles
    where name_sorted is not null
    union
    select one_id, 'birthday' as kind, cast(birthday as string) as value from profiles
    where birthday is not null
    union
    select one_id, 'gender' as kind, gender as value from profiles
    where gender is not null
),

agreements as (
    select
        pairs.left_one_id,
        pairs.right_one_id,
        left_statements.kind,
        max(case when left_statements.value = right_statements.value then 1 else 0 end) as agrees
    from pairs
    inner join statements as left_statements on pairs.left_one_id = left_statements.one_id
    inner join statements as right_statements
        on
            pairs.right_one_id = right_statements.one_id
            and left_statements.kind = right_statements.kind
    group by pairs.left_one_id, pairs.right_one_id, left_statements.kind
),

said_of_pairs as (
    select
        left_one_id,
        right_one_id,
        max(case when kind = 'name' then agrees end) as names_agree,
        max(case when kind = 'birthday' then agrees end) as birthdays_agree,
        max(case when kind = 'gender' then agrees end) as genders_agree
    from agreements
    group by left_one_id, right_one_id
),

held_once as (
    {{ held_once('one_id') }}
),

held_twice as (
    select pairs.left_one_id, pairs.right_one_id
    from pairs
    inner join held_once as left_held on pairs.left_one_id = left_held.one_id
    inner join held_once as right_held
        on
            pairs.right_one_id = right_held.one_id
            and left_held.kind = right_held.kind
            and left_held.code = right_held.code
    group by pairs.left_one_id, pairs.right_one_id
),

judged_pairs as (
    select
        pairs.left_one_id,
        pairs.right_one_id,
        held_twice.left_one_id is not null
        or coalesce(said_of_pairs.birthdays_agree, 1) = 0
        or coalesce(said_of_pairs.genders_agree, 1) = 0
        or (
            coalesce(said_of_pairs.names_agree, 1) = 0
            and coalesce(said_of_pairs.birthdays_agree, 0) = 0
        ) as is_contradicted
    from pairs
    left join said_of_pairs
        on
            pairs.left_one_id = said_of_pairs.left_one_id
            and pairs.right_one_id = said_of_pairs.right_one_id
    left join held_twice
        on
            pairs.left_one_id = held_twice.left_one_id
            and pairs.right_one_id = held_twice.right_one_id
),

numbered_pairs as (
    select
        pairs_on_devices.left_one_id,
        pairs_on_devices.right_one_id,
        pairs_on_devices.left_record_key,
        pairs_on_devices.right_record_key,
        pairs_on_devices.days,
        pairs_on_devices.device_token,
        judged_pairs.is_contradicted,
        row_number() over (
            partition by pairs_on_devices.device_token
            order by
                case when judged_pairs.is_contradicted then 1 else 0 end asc nulls last,
                pairs_on_devices.days desc nulls last,
                least(
                    pairs_on_devices.left_record_key, pairs_on_devices.right_record_key
                ) asc nulls last,
                greatest(
                    pairs_on_devices.left_record_key, pairs_on_devices.right_record_key
                ) asc nulls last
        ) as number_on_device
    from pairs_on_devices
    inner join judged_pairs
        on
            pairs_on_devices.left_one_id = judged_pairs.left_one_id
            and pairs_on_devices.right_one_id = judged_pairs.right_one_id
),

ranked_pairs as (
    select
        numbered_pairs.left_one_id,
        numbered_pairs.right_one_id,
        numbered_pairs.left_record_key,
        numbered_pairs.right_record_key,
        count(*) over (
            partition by numbered_pairs.left_one_id, numbered_pairs.right_one_id
        ) as devices,
        min(case
            when numbered_pairs.is_contradicted then 1
            when numbered_pairs.number_on_device <= policy.max_pairs then 0
            else 1
        end) over (
            partition by numbered_pairs.left_one_id, numbered_pairs.right_one_id
        ) = 0 as is_proposed,
        row_number() over (
            partition by numbered_pairs.left_one_id, numbered_pairs.right_one_id
            order by
                numbered_pairs.days desc nulls last,
                numbered_pairs.device_token asc nulls last
        ) as pair_rank
    from numbered_pairs
    cross join policy
)

select
    left_one_id,
    right_one_id,
    left_record_key,
    right_record_key,
    cast(devices as bigint) as devices,
    is_proposed
from ranked_pairs
where pair_rank = 1
