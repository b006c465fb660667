-- Grain: one row per person and date with a community action
with

actions as (
    select
        'wecom.contacts:' || external_userid as source_record_key,
        {{ business_date('occurred_at') }} as action_date
    from {{ ref('stg_wecom__messages') }}
    where direction = 'in'
    union all
    select
        'crm.members:' || member_no as source_record_key,
        {{ business_date('posted_at') }} as action_date
    from {{ ref('stg_community__posts') }}
),

persons as (
    select record_persons.one_id, actions.action_date
    from actions
    inner join {{ ref('int_identity__record_persons') }} as record_persons
        on actions.source_record_key = record_persons.source_record_key
    union all
    select one_id, event_date as action_date
    from {{ ref('fct_events') }}
    where event_type = 'share' and one_id is not null
)

select
    persons.one_id,
    persons.action_date,
    cast(count(*) as bigint) as actions
from persons
inner join {{ ref('dim_member') }} as members on persons.one_id = members.one_id
where not members.is_test and not members.is_staff
group by persons.one_id, persons.action_date
