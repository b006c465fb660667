-- Grain: one row per table of campaigns, day of its records, column and check
with

quality_window as (
    select first_date, last_date from {{ ref('int_ops__quality_window') }}
),

sends as (
    select
        {{ business_date('delivered.sent_at') }} as check_date,
        delivered.campaign_id,
        delivered.member_no,
        delivered.cost,
        known_campaigns.campaign_id is not null as is_campaign_id_known,
        known_members.member_no is not null as is_member_no_known
    from {{ ref('stg_campaigns__sends') }} as delivered
    inner join quality_window
        on
            {{ business_date('delivered.sent_at') }}
            between quality_window.first_date and quality_window.last_date
    left join {{ ref('stg_campaigns__campaigns') }} as known_campaigns
        on delivered.campaign_id = known_campaigns.campaign_id
    left join {{ ref('stg_crm__members') }} as known_members
        on delivered.member_no = known_members.member_no
),

engagements as (
    select
        {{ business_date('delivered.occurred_at') }} as check_date,
        delivered.send_id,
        known_sends.send_id is not null as is_send_id_known
    from {{ ref('stg_campaigns__engagements') }} as delivered
    inner join quality_window
        on
            {{ business_date('delivered.occurred_at') }}
            between quality_window.first_date and quality_window.last_date
    left join {{ ref('stg_campaigns__sends') }} as known_sends
        on delivered.send_id = known_sends.send_id
),

ad_spend as (
    select
        delivered.spend_date as check_date,
        delivered.campaign_id,
        delivered.amount,
        delivered.new_members,
        known_campaigns.campaign_id is not null as is_campaign_id_known
    from {{ ref('stg_campaigns__ad_spend') }} as delivered
    inner join quality_window
        on
            delivered.spend_date
            between quality_window.first_date and quality_window.last_date
    left join {{ ref('stg_campaigns__campaigns') }} as known_campaigns
        on delivered.campaign_id = known_campaigns.campaign_id
),

campaigns as (
    {{ checked_records(
        'stg_campaigns__campaigns',
        none,
        ['budget', 'starts_at', 'ends_at']
    ) }}
),

experiments as (
    {{ checked_records(
        'stg_campaigns__experiments',
        business_date('delivered.assigned_at'),
        ['campaign_id', 'member_no'],
        {
            'campaign_id': ['stg_campaigns__campaigns', 'campaign_id'],
            'member_no': ['stg_crm__members', 'member_no'],
        }
    ) }}
)

{{ field_checks('campaigns', 'sends',
    checks_of('completeness', ['cost'])
    + checks_of('consistency', ['campaign_id', 'member_no'])
) }}
union all
{{ field_checks('campaigns', 'engagements',
    checks_of('consistency', ['send_id'])
) }}
union all
{{ field_checks('campaigns', 'ad_spend',
    checks_of('completeness', ['new_members'])
    + checks_of('consistency', ['campaign_id'])
) }}
union all
{{ field_checks('campaigns', 'campaigns',
    checks_of('completeness', ['budget'])
    + [
        ['ends_at', 'consistency', 'true', 'ends_at >= starts_at'],
    ]
) }}
union all
{{ field_checks('campaigns', 'experiments',
    checks_of('completeness', ['campaign_id'])
    + checks_of('consistency', ['campaign_id', 'member_no'])
) }}
