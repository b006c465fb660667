-- Grain: one row per survey response
with

responses as (
    select
        response_id,
        source_record_key,
        survey_kind,
        score,
        is_adopted,
        invited_at,
        responded_at,
        responded_date
    from {{ ref('int_core__survey_responses') }}
),

record_persons as (
    select source_record_key, one_id from {{ ref('int_identity__record_persons') }}
)

select
    responses.response_id,
    record_persons.one_id,
    responses.survey_kind,
    responses.score,
    responses.is_adopted,
    responses.invited_at,
    responses.responded_at,
    responses.responded_date
from responses
left join record_persons on responses.source_record_key = record_persons.source_record_key
