-- Grain: one row per source record that a fact names (a buyer key, a member number, an openid …)
-- An act is a fact of the person's own doing: an order, a basket, a digital event. A request to be
-- erased is no fact: whom it named is not told once it is carried out.
{%- set member_facts = [
    ('stg_crm__member_attributes', 'recorded_at'),
    ('stg_crm__consents', 'changed_at'),
    ('stg_loyalty__points_transactions', 'occurred_at'),
    ('stg_loyalty__benefit_entitlements', 'granted_at'),
    ('stg_loyalty__benefit_usages', 'used_at'),
    ('stg_loyalty__task_completions', 'completed_at'),
    ('stg_loyalty__tier_grants', 'granted_at'),
    ('stg_loyalty__subscriptions', 'started_at'),
    ('stg_loyalty__attendances', 'attended_at'),
    ('stg_coupons__coupons', 'issued_at'),
    ('stg_campaigns__sends', 'sent_at'),
    ('stg_campaigns__experiments', 'assigned_at'),
    ('stg_community__posts', 'posted_at'),
    ('stg_service__tickets', 'opened_at'),
    ('stg_service__surveys', 'responded_at'),
] %}
{%- set contact_facts = [
    ('stg_wecom__group_members', 'joined_at'),
    ('stg_wecom__messages', 'occurred_at'),
] %}
{%- set user_events = [
    ('mini_program', 'openid'),
    ('app', 'app_user_id'),
    ('website', 'web_user_id'),
] %}
with

facts as (
    select
        buyer_record_key as source_record_key,
        buyer_key_type,
        buyer_key_token,
        ordered_at as occurred_at,
        ordered_at as acted_at,
        'order:' || order_id as fact_key
    from {{ ref('stg_commerce__orders') }}
    where buyer_record_key is not null
    union all
    select
        buyer_record_key as source_record_key,
        buyer_key_type,
        buyer_key_token,
        occurred_at,
        occurred_at as acted_at,
        fact_key
    from {{ ref('int_identity__basket_buyers') }}
    where buyer_record_key is not null
    {%- for model, occurred_at in member_facts %}
    union all
    select
        'crm.members:' || member_no as source_record_key,
        'member_no' as buyer_key_type,
        cast(null as string) as buyer_key_token,
        min({{ occurred_at }}) as occurred_at,
        cast(null as timestamp) as acted_at,
        cast(null as string) as fact_key
    from {{ ref(model) }}
    where member_no is not null
    group by member_no
    {%- endfor %}
    {%- for model, occurred_at in contact_facts %}
    union all
    select
        'wecom.contacts:' || external_userid as source_record_key,
        'external_userid' as buyer_key_type,
        cast(null as string) as buyer_key_token,
        min({{ occurred_at }}) as occurred_at,
        cast(null as timestamp) as acted_at,
        cast(null as string) as fact_key
    from {{ ref(model) }}
    group by external_userid
    {%- endfor %}
    {%- for system, user_key in user_events %}
    union all
    select
        '{{ system }}.users:' || {{ user_key }} as source_record_key,
        '{{ user_key }}' as buyer_key_type,
        cast(null as string) as buyer_key_token,
        min(occurred_at) as occurred_at,
        min(occurred_at) as acted_at,
        cast(null as string) as fact_key
    from {{ ref('stg_' ~ system ~ '__events') }}
    where {{ user_key }} is not null
    group by {{ user_key }}
    {%- endfor %}
),

facts_by_tenure as (
    select
        {{ of_tenure('facts.source_record_key', 'tenures.tenure') }} as source_record_key,
        facts.buyer_key_type,
        facts.buyer_key_token,
        facts.occurred_at,
        facts.acted_at,
        facts.fact_key
    from facts
    {{ join_tenure('facts', 'occurred_at') }}
)

select
    source_record_key,
    max(buyer_key_type) as buyer_key_type,
    max(buyer_key_token) as buyer_key_token,
    min(occurred_at) as first_fact_at,
    min(acted_at) as first_act_at,
    min(case when buyer_key_type in ('phone', 'card_no') then fact_key end) as first_fact_key
from facts_by_tenure
group by source_record_key
