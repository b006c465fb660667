-- Grain: one row per table of community, day of its records, column and check
with

quality_window as (
    select first_date, last_date from {{ ref('int_ops__quality_window') }}
),

posts as (
    select
        {{ business_date('delivered.posted_at') }} as check_date,
        delivered.member_no,
        delivered.kind,
        delivered.topic,
        known_members.member_no is not null as is_member_no_known
    from {{ ref('stg_community__posts') }} as delivered
    inner join quality_window
        on
            {{ business_date('delivered.posted_at') }}
            between quality_window.first_date and quality_window.last_date
    left join {{ ref('stg_crm__members') }} as known_members
        on delivered.member_no = known_members.member_no
)

{{ field_checks('community', 'posts',
    checks_of('completeness', ['topic'])
    + checks_of('consistency', ['member_no'])
) }}
