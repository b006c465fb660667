-- Grain: one row per record and device of several records that is in its hands
-- An account has the device that it states, and any on which it did enough on enough days.
-- A device is called after the record that had it first, so that no name tells its number.
{%- set event_sources = [('app', 'app_user_id'), ('mini_program', 'openid')] %}
with

several_records as (
    select device_id from {{ ref('int_identity__devices') }}
    where is_shared
),

policy as (
    {{ policy_in_force('device_policy') }}
),

sightings as (
    {%- for system, user_key in event_sources %}
    select
        '{{ system }}.users:' || events.{{ user_key }} as source_record_key,
        events.device_id,
        0 as statements,
        count(*) as events,
        count(distinct events.event_date) as days,
        min(events.occurred_at) as first_seen_at,
        max(events.occurred_at) as last_seen_at
    from {{ ref('stg_' ~ system ~ '__events') }} as events
    inner join several_records on events.device_id = several_records.device_id
    group by events.{{ user_key }}, events.device_id
    union all
    {%- endfor %}
    select
        'app.users:' || users.app_user_id as source_record_key,
        users.device_id,
        1 as statements,
        0 as events,
        0 as days,
        users.updated_at as first_seen_at,
        users.updated_at as last_seen_at
    from {{ ref('stg_app__users') }} as users
    inner join several_records on users.device_id = several_records.device_id
),

records_and_devices as (
    select
        source_record_key,
        device_id,
        sum(statements) > 0 as is_stated,
        sum(events) as events,
        sum(days) as days,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at
    from sightings
    group by source_record_key, device_id
),

holdings as (
    select
        records_and_devices.*,
        row_number() over (
            partition by records_and_devices.device_id
            order by
                records_and_devices.first_seen_at asc nulls last,
                records_and_devices.source_record_key asc nulls last
        ) as holder_number
    from records_and_devices
    cross join policy
    where
        records_and_devices.is_stated
        or (
            records_and_devices.events >= policy.min_events
            and records_and_devices.days >= policy.min_days
        )
),

device_names as (
    select
        device_id,
        md5(
            source_record_key || '|' || cast(row_number() over (
                partition by source_record_key
                order by first_seen_at asc nulls last, device_id asc nulls last
            ) as string)
        ) as device_token
    from holdings
    where holder_number = 1
)

select
    holdings.source_record_key,
    device_names.device_token,
    holdings.is_stated,
    cast(holdings.events as bigint) as events,
    cast(holdings.days as bigint) as days,
    holdings.last_seen_at
from holdings
inner join device_names on holdings.device_id = device_names.device_id
