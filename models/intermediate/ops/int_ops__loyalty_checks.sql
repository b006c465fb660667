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
