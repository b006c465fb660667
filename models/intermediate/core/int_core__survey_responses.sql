-- Grain: one row per survey response, with the record of who answered; what was written stays out
{{ config(materialized='view') }}
select
    response_id,
    'crm.members:' || member_no as source_record_key,
    survey_kind,
    score,
    is_adopted,
    invited_at,
    responded_at,
    {{ business_date('responded_at') }} as responded_date
from {{ ref('stg_service__surveys') }}
