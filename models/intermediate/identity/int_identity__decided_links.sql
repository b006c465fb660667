-- Grain: one row per record that a decision links to another, and decision
with

decided_links as (
    select left_record_id, right_record_id, decision_token
    from {{ ref('int_identity__decided_pairs') }}
    where decision = 'link'
)

select
    left_record_id as record_id,
    'decision' as identifier_type,
    decision_token as identifier_token,
    1 as tenure
from decided_links
union all
select
    right_record_id as record_id,
    'decision' as identifier_type,
    decision_token as identifier_token,
    1 as tenure
from decided_links
