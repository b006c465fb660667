-- Grain: one row per deed that is neither an order, an event, a coupon nor an answer to a survey
with

deeds as (
    select
        deed_kind,
        deed_id,
        source_record_key,
        deed_value,
        campaign_id,
        occurred_at,
        {{ business_date('occurred_at') }} as deed_date
    from {{ ref('int_core__deeds') }}
),

record_persons as (
    select source_record_key, one_id from {{ ref('int_identity__record_persons') }}
)

select
    deeds.deed_kind,
    deeds.deed_id,
    record_persons.one_id,
    deeds.deed_value,
    deeds.campaign_id,
    deeds.occurred_at,
    deeds.deed_date
from deeds
left join record_persons on deeds.source_record_key = record_persons.source_record_key
