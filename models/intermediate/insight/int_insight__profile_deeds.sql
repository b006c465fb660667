-- Grain: one row per judged day, person, kind of deed in its window that is no order, and value
-- A deed halves in weight with every half-life between its day and the judged one, as interests do.
{%- set card_deeds = [
    ('claim', 'stg_coupons__coupons', 'claimed_at'),
    ('survey', 'stg_service__surveys', 'responded_at'),
] %}
with

records_deeds as (
    {%- for fact_code, model, occurred_at in card_deeds %}
    select
        'crm.members:' || member_no as source_record_key,
        '{{ fact_code }}' as fact_code,
        'all' as fact_value,
        {{ business_date(occurred_at) }} as fact_date
    from {{ ref(model) }}
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
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

persons_deeds as (
    select
        record_persons.one_id,
        records_deeds.fact_code,
        records_deeds.fact_value,
        records_deeds.fact_date
    from records_deeds
    inner join {{ ref('int_identity__record_persons') }} as record_persons
        on records_deeds.source_record_key = record_persons.source_record_key
    union all
    select
        one_id,
        deed_kind as fact_code,
        case when deed_kind = 'message' then 'all' else deed_value end as fact_value,
        deed_date as fact_date
    from {{ ref('fct_deeds') }}
    where one_id is not null
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
