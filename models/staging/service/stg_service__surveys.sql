-- Grain: one row per survey response, as known at the end of as_of
with

versions as (
    {{ known_then(source('service', 'surveys'), 'response_id', 'responded_at', 'responded_at') }}
)

select
    response_id,
    member_no,
    {{ known_code('survey_kind', ['nps', 'csat']) }} as survey_kind,
    score,
    comment,
    invited_at,
    is_adopted,
    responded_at
from versions
