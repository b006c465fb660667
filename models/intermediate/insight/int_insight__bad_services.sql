-- Grain: one row per silent person and bad experience around its last order
with

experiences as (
    select
        tickets.member_no,
        tickets.ticket_id as experience_id,
        {{ business_date('tickets.opened_at') }} as experience_date,
        tickets.csat
    from {{ ref('stg_service__tickets') }} as tickets
    cross join {{ ref('int_insight__churn_policy') }} as policy
    where tickets.kind = 'complaint' or tickets.csat <= policy.bad_csat
    union all
    select
        surveys.member_no,
        surveys.response_id as experience_id,
        {{ business_date('surveys.responded_at') }} as experience_date,
        surveys.score as csat
    from {{ ref('stg_service__surveys') }} as surveys
    cross join {{ ref('int_insight__churn_policy') }} as policy
    where surveys.survey_kind = 'csat' and surveys.score <= policy.bad_csat
),

distances as (
    select
        silent.one_id,
        experiences.experience_id,
        experiences.experience_date,
        experiences.csat,
        {{ days_between('silent.last_order_date', 'experiences.experience_date') }} as days_after,
        policy.service_days_before,
        policy.service_days_after,
        policy.bad_csat
    from experiences
    inner join {{ ref('int_identity__record_persons') }} as record_persons
        on 'crm.members:' || experiences.member_no = record_persons.source_record_key
    inner join {{ ref('int_insight__silent_members') }} as silent
        on record_persons.one_id = silent.one_id
    cross join {{ ref('int_insight__churn_policy') }} as policy
)

select
    one_id,
    experience_id,
    experience_date,
    days_after,
    csat,
    bad_csat,
    1 - cast(abs(days_after) as double)
    / nullif(greatest(service_days_before, service_days_after) + 1, 0) as strength
from distances
where days_after >= -service_days_before and days_after <= service_days_after
