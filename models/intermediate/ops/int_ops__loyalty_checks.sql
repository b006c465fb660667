-- Grain: one row per table of loyalty, day of its records, column and check
with

quality_window as (
    select first_date, last_date from {{ ref('int_ops__quality_window') }}
),

points_transactions as (
    select
        {{ business_date('delivered.occurred_at') }} as check_date,
        delivered.member_no,
        delivered.reason,
        delivered.order_id,
        known_members.member_no is not null as is_member_no_known,
        known_orders.order_id is not null as is_order_id_known
    from {{ ref('stg_loyalty__points_transactions') }} as delivered
    inner join quality_window
        on
            {{ business_date('delivered.occurred_at') }}
            between quality_window.first_date and quality_window.last_date
    left join {{ ref('stg_crm__members') }} as known_members
        on delivered.member_no = known_members.member_no
    left join {{ ref('stg_commerce__orders') }} as known_orders
        on delivered.order_id = known_orders.order_id
),

task_completions as (
    select
        {{ business_date('delivered.completed_at') }} as check_date,
        delivered.member_no,
        delivered.task_id,
        known_members.member_no is not null as is_member_no_known,
        known_tasks.task_id is not null as is_task_id_known
    from {{ ref('stg_loyalty__task_completions') }} as delivered
    inner join quality_window
        on
            {{ business_date('delivered.completed_at') }}
            between quality_window.first_date and quality_window.last_date
    left join {{ ref('stg_crm__members') }} as known_members
        on delivered.member_no = known_members.member_no
    left join {{ ref('stg_loyalty__tasks') }} as known_tasks
        on delivered.task_id = known_tasks.task_id
),

benefit_usages as (
    select
        {{ business_date('delivered.used_at') }} as check_date,
        delivered.member_no,
        delivered.benefit_id,
        known_members.member_no is not null as is_member_no_known,
        known_benefits.benefit_id is not null as is_benefit_id_known
    from {{ ref('stg_loyalty__benefit_usages') }} as delivered
    inner join quality_window
        on
            {{ business_date('delivered.used_at') }}
            between quality_window.first_date and quality_window.last_date
    left join {{ ref('stg_crm__members') }} as known_members
        on delivered.member_no = known_members.member_no
    left join {{ ref('stg_loyalty__benefits') }} as known_benefits
        on delivered.benefit_id = known_benefits.benefit_id
),

attendances as (
    select
        {{ business_date('delivered.attended_at') }} as check_date,
        delivered.member_no,
        delivered.activity_id,
        known_members.member_no is not null as is_member_no_known,
        known_activities.activity_id is not null as is_activity_id_known
    from {{ ref('stg_loyalty__attendances') }} as delivered
    inner join quality_window
        on
            {{ business_date('delivered.attended_at') }}
            between quality_window.first_date and quality_window.last_date
    left join {{ ref('stg_crm__members') }} as known_members
        on delivered.member_no = known_members.member_no
    left join {{ ref('stg_loyalty__activities') }} as known_activities
        on delivered.activity_id = known_activities.activity_id
),

benefits as (
    {{ checked_records(
        'stg_loyalty__benefits',
        none,
        ['kind', 'partner']
    ) }}
),

benefit_entitlements as (
    {{ checked_records(
        'stg_loyalty__benefit_entitlements',
        business_date('delivered.granted_at'),
        ['member_no', 'benefit_id', 'granted_at', 'expires_at'],
        {
            'member_no': ['stg_crm__members', 'member_no'],
            'benefit_id': ['stg_loyalty__benefits', 'benefit_id'],
        }
    ) }}
),

tasks as (
    {{ checked_records(
        'stg_loyalty__tasks',
        none,
        ['task_type', 'starts_at', 'ends_at']
    ) }}
),

tier_grants as (
    {{ checked_records(
        'stg_loyalty__tier_grants',
        business_date('delivered.granted_at'),
        ['member_no', 'granted_at', 'expires_at'],
        {'member_no': ['stg_crm__members', 'member_no']}
    ) }}
),

subscriptions as (
    {{ checked_records(
        'stg_loyalty__subscriptions',
        business_date('delivered.started_at'),
        ['member_no', 'started_at', 'renewed_at', 'ended_at'],
        {'member_no': ['stg_crm__members', 'member_no']}
    ) }}
),

activities as (
    {{ checked_records(
        'stg_loyalty__activities',
        none,
        ['starts_at', 'ends_at']
    ) }}
)

{{ field_checks('loyalty', 'points_transactions',
    checks_of('consistency', ['member_no', 'order_id'])
    + [
        ['order_id', 'completeness', "reason = 'purchase'", 'order_id is not null'],
        ['reason', 'validity', 'true', "reason <> 'other'"],
    ]
) }}
union all
{{ field_checks('loyalty', 'task_completions',
    checks_of('consistency', ['member_no', 'task_id'])
) }}
union all
{{ field_checks('loyalty', 'benefit_usages',
    checks_of('consistency', ['member_no', 'benefit_id'])
) }}
union all
{{ field_checks('loyalty', 'attendances',
    checks_of('consistency', ['member_no', 'activity_id'])
) }}
union all
{{ field_checks('loyalty', 'benefits',
    [
        ['partner', 'completeness', "kind = 'partner'", 'partner is not null'],
    ]
) }}
union all
{{ field_checks('loyalty', 'benefit_entitlements',
    checks_of('consistency', ['member_no', 'benefit_id'])
    + [
        ['expires_at', 'consistency', 'expires_at is not null', 'expires_at >= granted_at'],
    ]
) }}
union all
{{ field_checks('loyalty', 'tasks',
    [
        ['task_type', 'validity', 'true', "task_type <> 'other'"],
        [
            'ends_at', 'consistency',
            'ends_at is not null and starts_at is not null', 'ends_at >= starts_at'
        ],
    ]
) }}
union all
{{ field_checks('loyalty', 'tier_grants',
    checks_of('consistency', ['member_no'])
    + [
        ['expires_at', 'consistency', 'expires_at is not null', 'expires_at >= granted_at'],
    ]
) }}
union all
{{ field_checks('loyalty', 'subscriptions',
    checks_of('consistency', ['member_no'])
    + [
        ['renewed_at', 'consistency', 'renewed_at is not null', 'renewed_at >= started_at'],
        ['ended_at', 'consistency', 'ended_at is not null', 'ended_at >= started_at'],
    ]
) }}
union all
{{ field_checks('loyalty', 'activities',
    [
        ['ends_at', 'consistency', 'true', 'ends_at >= starts_at'],
    ]
) }}
