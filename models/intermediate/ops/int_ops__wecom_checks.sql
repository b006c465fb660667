-- Grain: one row per table of wecom, day of its records, column and check
with

quality_window as (
    select first_date, last_date from {{ ref('int_ops__quality_window') }}
),

all_contacts as (
    select
        {{ business_date('delivered.added_at') }} as check_date,
        delivered.unionid,
        delivered.phone,
        delivered.phone_status,
        delivered.tags,
        {{ holders_of('delivered.unionid_token', 'delivered.external_userid') }} as unionid_holders
    from {{ ref('stg_wecom__contacts') }} as delivered
),

contacts as (
    select all_contacts.*
    from all_contacts
    inner join quality_window
        on all_contacts.check_date between quality_window.first_date and quality_window.last_date
),

messages as (
    select
        {{ business_date('delivered.occurred_at') }} as check_date,
        delivered.external_userid,
        delivered.direction,
        delivered.kind,
        known_contacts.external_userid is not null as is_external_userid_known
    from {{ ref('stg_wecom__messages') }} as delivered
    inner join quality_window
        on
            {{ business_date('delivered.occurred_at') }}
            between quality_window.first_date and quality_window.last_date
    left join {{ ref('stg_wecom__contacts') }} as known_contacts
        on delivered.external_userid = known_contacts.external_userid
),

group_members as (
    select
        {{ business_date('delivered.joined_at') }} as check_date,
        delivered.group_id,
        delivered.external_userid,
        known_groups.group_id is not null as is_group_id_known,
        known_contacts.external_userid is not null as is_external_userid_known
    from {{ ref('stg_wecom__group_members') }} as delivered
    inner join quality_window
        on
            {{ business_date('delivered.joined_at') }}
            between quality_window.first_date and quality_window.last_date
    left join {{ ref('stg_wecom__groups') }} as known_groups
        on delivered.group_id = known_groups.group_id
    left join {{ ref('stg_wecom__contacts') }} as known_contacts
        on delivered.external_userid = known_contacts.external_userid
),

groups as (
    {{ checked_records(
        'stg_wecom__groups',
        none,
        ['kind', 'topic']
    ) }}
)

{{ field_checks('wecom', 'contacts',
    checks_of('completeness', ['unionid', 'phone'])
    + checks_of('validity', ['phone'])
    + checks_of('uniqueness', ['unionid'])
) }}
union all
{{ field_checks('wecom', 'messages',
    checks_of('consistency', ['external_userid'])
) }}
union all
{{ field_checks('wecom', 'group_members',
    checks_of('consistency', ['group_id', 'external_userid'])
) }}
union all
{{ field_checks('wecom', 'groups',
    [
        ['kind', 'validity', 'true', "kind <> 'other'"],
        ['topic', 'completeness', "kind = 'interest'", 'topic is not null'],
    ]
) }}
