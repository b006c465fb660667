-- Grain: one row per deed that is no order, event, coupon or answer, with its record
-- What was written or looked at stays in the source.
{{ config(materialized='view') }}
select
    'post' as deed_kind,
    post_id as deed_id,
    'crm.members:' || member_no as source_record_key,
    kind as deed_value,
    cast(null as string) as campaign_id,
    posted_at as occurred_at
from {{ ref('stg_community__posts') }}
union all
select
    'message' as deed_kind,
    message_id as deed_id,
    'wecom.contacts:' || external_userid as source_record_key,
    kind as deed_value,
    cast(null as string) as campaign_id,
    occurred_at
from {{ ref('stg_wecom__messages') }}
where direction = 'in'
union all
select
    'task' as deed_kind,
    completion_id as deed_id,
    'crm.members:' || member_no as source_record_key,
    task_id as deed_value,
    cast(null as string) as campaign_id,
    completed_at as occurred_at
from {{ ref('stg_loyalty__task_completions') }}
union all
select
    'points' as deed_kind,
    transaction_id as deed_id,
    'crm.members:' || member_no as source_record_key,
    reason as deed_value,
    cast(null as string) as campaign_id,
    occurred_at
from {{ ref('stg_loyalty__points_transactions') }}
where reason in ('redeem', 'referral')
union all
select
    'click' as deed_kind,
    engagements.engagement_id as deed_id,
    'crm.members:' || sends.member_no as source_record_key,
    campaigns.offer_kind as deed_value,
    sends.campaign_id,
    engagements.occurred_at
from {{ ref('stg_campaigns__engagements') }} as engagements
inner join {{ ref('stg_campaigns__sends') }} as sends on engagements.send_id = sends.send_id
left join {{ ref('stg_campaigns__campaigns') }} as campaigns
    on sends.campaign_id = campaigns.campaign_id
where engagements.engagement_type = 'click'
