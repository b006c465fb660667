-- Grain: one row per table of crm, day of its records, column and check
with

quality_window as (
    select first_date, last_date from {{ ref('int_ops__quality_window') }}
),

all_members as (
    select
        {{ business_date('coalesce(delivered.registered_at, delivered.updated_at)') }}
            as check_date,
        delivered.card_no,
        delivered.name,
        delivered.gender,
        delivered.birthday,
        delivered.phone,
        delivered.phone_status,
        delivered.email,
        delivered.email_status,
        delivered.unionid,
        delivered.city,
        delivered.address,
        delivered.register_store_id,
        delivered.referrer_member_no,
        known_stores.store_id is not null as is_register_store_id_known,
        known_referrers.member_no is not null as is_referrer_member_no_known,
        {{ holders_of('delivered.card_no_token', 'delivered.member_no') }} as card_no_holders,
        case
            when delivered.phone_status = 'usable'
                then {{ holders_of('delivered.phone_token', 'delivered.member_no') }}
        end as phone_holders,
        case
            when delivered.email_status = 'usable'
                then {{ holders_of('delivered.email_token', 'delivered.member_no') }}
        end as email_holders,
        {{ holders_of('delivered.unionid_token', 'delivered.member_no') }} as unionid_holders,
        {{ holders_of('delivered.id_token_token', 'delivered.member_no') }} as id_token_holders
    from {{ ref('stg_crm__members') }} as delivered
    left join {{ ref('stg_catalog__stores') }} as known_stores
        on delivered.register_store_id = known_stores.store_id
    left join {{ ref('stg_crm__members') }} as known_referrers
        on delivered.referrer_member_no = known_referrers.member_no
),

members as (
    select all_members.*
    from all_members
    inner join quality_window
        on all_members.check_date between quality_window.first_date and quality_window.last_date
),

staff as (
    select
        {{ business_date('delivered.updated_at') }} as check_date,
        delivered.member_no,
        delivered.phone,
        delivered.phone_status,
        known_members.member_no is not null as is_member_no_known
    from {{ ref('stg_crm__staff') }} as delivered
    inner join quality_window
        on
            {{ business_date('delivered.updated_at') }}
            between quality_window.first_date and quality_window.last_date
    left join {{ ref('stg_crm__members') }} as known_members
        on delivered.member_no = known_members.member_no
),

consents as (
    select
        {{ business_date('delivered.changed_at') }} as check_date,
        delivered.member_no,
        delivered.policy_version,
        delivered.purpose,
        known_members.member_no is not null as is_member_no_known
    from {{ ref('stg_crm__consents') }} as delivered
    inner join quality_window
        on
            {{ business_date('delivered.changed_at') }}
            between quality_window.first_date and quality_window.last_date
    left join {{ ref('stg_crm__members') }} as known_members
        on delivered.member_no = known_members.member_no
),

member_attributes as (
    {{ checked_records(
        'stg_crm__member_attributes',
        business_date('delivered.recorded_at'),
        ['member_no'],
        {'member_no': ['stg_crm__members', 'member_no']}
    ) }}
),

erasure_requests as (
    {{ checked_records(
        'stg_crm__erasure_requests',
        business_date('delivered.requested_at'),
        ['member_no'],
        {'member_no': ['stg_crm__members', 'member_no']}
    ) }}
)

{{ field_checks('crm', 'members',
    checks_of('completeness', [
        'card_no', 'name', 'gender', 'birthday', 'phone', 'email', 'unionid', 'city', 'address'
    ])
    + checks_of('validity', ['phone', 'email'])
    + checks_of('uniqueness', ['card_no', 'phone', 'email', 'unionid', 'id_token'])
    + checks_of('consistency', ['register_store_id', 'referrer_member_no'])
    + [
        ['gender', 'validity', 'gender is not null', "gender <> 'other'"],
        ['birthday', 'validity', 'birthday is not null', 'birthday <= check_date'],
    ]
) }}
union all
{{ field_checks('crm', 'staff',
    checks_of('completeness', ['member_no', 'phone'])
    + checks_of('validity', ['phone'])
    + checks_of('consistency', ['member_no'])
) }}
union all
{{ field_checks('crm', 'consents',
    checks_of('completeness', ['policy_version'])
    + checks_of('consistency', ['member_no'])
    + [
        ['purpose', 'validity', 'true', "purpose <> 'other'"],
    ]
) }}
union all
{{ field_checks('crm', 'member_attributes',
    checks_of('consistency', ['member_no'])
) }}
union all
{{ field_checks('crm', 'erasure_requests',
    [
        ['member_no', 'consistency', "member_no <> 'erased'", 'is_member_no_known'],
    ]
) }}
