-- Grain: one row per judged day, person, kind of deed in its window that is no order, and value
-- A deed halves in weight with every half-life between its day and the judged one, as interests do.
{%- set card_deeds = [
    ('post', 'kind', 'stg_community__posts', 'posted_at', 'true'),
    ('task', 'task_id', 'stg_loyalty__task_completions', 'completed_at', 'true'),
    ('claim', "'all'", 'stg_coupons__coupons', 'claimed_at', 'true'),
    ('survey', "'all'", 'stg_service__surveys', 'responded_at', 'true'),
    ('points', 'reason', 'stg_loyalty__points_transactions', 'occurred_at',
     "reason in ('redeem', 'referral')"),
] %}
with

deeds as (
    {%- for fact_code, fact_value, model, occurred_at, condition in card_deeds %}
    select
        'crm.members:' || member_no as source_record_key,
        '{{ fact_code }}' as fact_code,
        {{ fact_value }} as fact_value,
        {{ business_date(occurred_at) }} as fact_date
    from {{ ref(model) }}
    where {{ condition }}
    union all
    {%- endfor %}
    {%- for system, user_key in [('mini_program', 'openid'), ('app', 'app_user_id')] %}
    select
        '{{ system }}.users:' || {{ user_key }} as source_record_key,
        'content' as fact_code,
        content_type as fact_value,
        event_date as fact_date
    from {{ ref('stg_' ~ system ~ '__events') }}
    where content_type is not null
    union all
    {%- endfor %}
    select
        'wecom.contacts:' || external_userid as source_record_key,
        'message' as fact_code,
        'all' as fact_value,
        {{ business_date('occurred_at') }} as fact_date
    from {{ ref('stg_wecom__messages') }}
    where direction = 'in'
    union all
    select
        'crm.members:' || sends.member_no as source_record_key,
        'click' as fact_code,
        campaigns.offer_kind as fact_value,
        {{ business_date('engagements.occurred_at') }} as fact_date
    from {{ ref('stg_campaigns__engagements') }} as engagements
    inner join {{ ref('stg_campaigns__sends') }} as sends
        on engagements.send_id = sends.send_id
    inner join {{ ref('stg_campaigns__campaigns') }} as campaigns
        on sends.campaign_id = campaigns.campaign_id
    where engagements.engagement_type = 'click'
),

persons_deeds as (
    select
        record_persons.one_id,
        deeds.fact_code,
        deeds.fact_value,
        deeds.fact_date
    from deeds
    inner join {{ ref('int_identity__record_persons') }} as record_persons
        on deeds.source_record_key = record_persons.source_record_key
    union all
    select
        one_id,
        case when event_type = 'share' then 'share' else 'hour' end as fact_code,
        case
            when event_type = 'share' then 'all'
            else cast({{ business_hour('occurred_at') }} as string)
        end as fact_value,
        event_date as fact_date
    from {{ ref('fct_events') }}
    where event_type in ('share', 'open') and one_id is not null
),

weighted as (
    select
        days.evaluated_date,
        persons_deeds.one_id,
        persons_deeds.fact_code,
        persons_deeds.fact_value,
        persons_deeds.fact_date,
        cast({{ days_between('persons_deeds.fact_date', 'days.evaluated_date') }} as double)
        / nullif(days.half_life_days, 0) as half_lives
    from persons_deeds
    inner join {{ ref('int_insight__profile_days') }} as days
        on
            persons_deeds.fact_date > days.window_opens_after_date
            and persons_deeds.fact_date <= days.evaluated_date
    where persons_deeds.fact_value is not null
)

select
    evaluated_date,
    one_id,
    fact_code,
    fact_value,
    cast(count(*) as bigint) as facts,
    -- ln 2
    {{ order_free_sum('exp(-0.6931471805599453 * half_lives)') }} as weight,
    min(fact_date) as first_date,
    max(fact_date) as last_date
from weighted
group by evaluated_date, one_id, fact_code, fact_value
