-- Grain: one row per device that accounts state or events name, and whether several records do
-- What one record alone names says nothing of persons, so most devices are looked at only here.
{%- set sources = [
    ('stg_app__users', 'app', 'app_user_id'),
    ('stg_app__events', 'app', 'app_user_id'),
    ('stg_mini_program__events', 'mini_program', 'openid'),
] %}
with

named_devices as (
    {%- for model, system, user_key in sources %}
    select
        device_id,
        '{{ system }}.users:' || min({{ user_key }}) as least_record_key,
        '{{ system }}.users:' || max({{ user_key }}) as greatest_record_key
    from {{ ref(model) }}
    where device_id is not null
    group by device_id
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

exclusions as (
    select lower(identifier_exclusions.identifier_value) as identifier_value
    from {{ ref('identifier_exclusions') }} as identifier_exclusions
    inner join {{ ref('stg_rekindle__as_of') }} as as_of
        on identifier_exclusions.valid_from <= as_of.as_of_date
    where identifier_exclusions.identifier_type in ('any', 'device')
    group by lower(identifier_exclusions.identifier_value)
)

select
    named_devices.device_id,
    min(named_devices.least_record_key) <> max(named_devices.greatest_record_key) as is_shared
from named_devices
left join exclusions on lower(named_devices.device_id) = exclusions.identifier_value
where exclusions.identifier_value is null
group by named_devices.device_id
