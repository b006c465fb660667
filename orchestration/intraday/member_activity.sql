-- Grain: one row per person and activity
with

members as (
    select
        person_key,
        any_value(one_id) as one_id,
        activity,
        min(occurred_at) as first_at,
        max(occurred_at) as last_at,
        count(*) as times,
        cast(sum(amount) as decimal(18, 2)) as amount,
        arg_max(channel, (occurred_at, act_no)) as last_channel,
        arg_max(product_id, (occurred_at, act_no)) filter (product_id is not null)
            as last_product_id
    from acts
    where person_key is not null and not is_erased
    group by person_key, activity
)

select
    members.person_key,
    members.one_id,
    members.activity,
    activities.activity_zh,
    members.first_at,
    members.last_at,
    members.times,
    members.amount,
    members.last_channel,
    members.last_product_id,
    lifecycles.lifecycle_stage,
    rfm.rfm_group
from members
inner join activities on members.activity = activities.activity
left join marts.insight.member_lifecycle as lifecycles on members.one_id = lifecycles.one_id
left join marts.insight.member_rfm as rfm on members.one_id = rfm.one_id
