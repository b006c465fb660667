-- The page of a member: all that the published marts claim about a person, and the facts behind it.
-- Give one_id; the answer has one row per mart, row of it (entry) and column that is filled.
-- Persons are known by tokens here; no mart holds personal data (docs/member_page.md).
select 'identity.dim_member' as mart, entry, fact, value
from (
    unpivot (
        select
            columns(*)::varchar,
            row_number() over (order by one_id) as entry
        from identity.dim_member
        where one_id = $one_id
        order by entry
    )
    on columns(* exclude (entry)) into name fact value value
)
union all
select 'identity.golden_values' as mart, entry, fact, value
from (
    unpivot (
        select
            columns(*)::varchar,
            row_number() over (order by attribute) as entry
        from identity.golden_values
        where one_id = $one_id
        order by entry
    )
    on columns(* exclude (entry)) into name fact value value
)
union all
select 'identity.oneid_map' as mart, entry, fact, value
from (
    unpivot (
        select
            columns(*)::varchar,
            row_number() over (order by source_system, source_table, source_key) as entry
        from identity.oneid_map
        where one_id = $one_id
        order by entry
    )
    on columns(* exclude (entry)) into name fact value value
)
union all
select 'identity.oneid_evidence' as mart, entry, fact, value
from (
    unpivot (
        select
            columns(*)::varchar,
            row_number() over (order by right_source_system, right_source_table, right_source_key, identifier_type, identifier_token) as entry
        from identity.oneid_evidence
        where one_id = $one_id
        order by entry
    )
    on columns(* exclude (entry)) into name fact value value
)
union all
select 'identity.oneid_bridges' as mart, entry, fact, value
from (
    unpivot (
        select
            columns(*)::varchar,
            row_number() over (order by bridge_kind, bridge_type, bridge_key) as entry
        from identity.oneid_bridges
        where one_id = $one_id
        order by entry
    )
    on columns(* exclude (entry)) into name fact value value
)
union all
select 'identity.oneid_events' as mart, entry, fact, value
from (
    unpivot (
        select
            columns(*)::varchar,
            row_number() over (order by event_id) as entry
        from identity.oneid_events
        where one_id = $one_id or other_one_id = $one_id or current_one_id = $one_id
        order by entry
    )
    on columns(* exclude (entry)) into name fact value value
)
union all
select 'identity.oneid_history' as mart, entry, fact, value
from (
    unpivot (
        select
            columns(*)::varchar,
            row_number() over (order by source_system, source_table, source_key, assignment_number) as entry
        from identity.oneid_history
        where one_id = $one_id
        order by entry
    )
    on columns(* exclude (entry)) into name fact value value
)
union all
select 'identity.oneid_review_queue' as mart, entry, fact, value
from (
    unpivot (
        select
            columns(*)::varchar,
            row_number() over (order by left_one_id, right_one_id) as entry
        from identity.oneid_review_queue
        where left_one_id = $one_id or right_one_id = $one_id
        order by entry
    )
    on columns(* exclude (entry)) into name fact value value
)
union all
select 'identity.consent_current' as mart, entry, fact, value
from (
    unpivot (
        select
            columns(*)::varchar,
            row_number() over (order by purpose, channel) as entry
        from identity.consent_current
        where one_id = $one_id
        order by entry
    )
    on columns(* exclude (entry)) into name fact value value
)
union all
select 'identity.consent_history' as mart, entry, fact, value
from (
    unpivot (
        select
            columns(*)::varchar,
            row_number() over (order by member_no, purpose, channel, answer_number) as entry
        from identity.consent_history
        where one_id = $one_id
        order by entry
    )
    on columns(* exclude (entry)) into name fact value value
)
union all
select 'insight.churn_reason_profile' as mart, entry, fact, value
from (
    unpivot (
        select
            columns(*)::varchar,
            row_number() over (order by rank) as entry
        from insight.churn_reason_profile
        where one_id = $one_id
        order by entry
    )
    on columns(* exclude (entry)) into name fact value value
)
union all
select 'insight.churn_score_reasons' as mart, entry, fact, value
from (
    unpivot (
        select
            columns(*)::varchar,
            row_number() over (order by rank) as entry
        from insight.churn_score_reasons
        where one_id = $one_id
        order by entry
    )
    on columns(* exclude (entry)) into name fact value value
)
union all
select 'insight.lifecycle_intervals' as mart, entry, fact, value
from (
    unpivot (
        select
            columns(*)::varchar,
            row_number() over (order by sequence) as entry
        from insight.lifecycle_intervals
        where one_id = $one_id
        order by entry
    )
    on columns(* exclude (entry)) into name fact value value
)
union all
select 'insight.member_churn_score' as mart, entry, fact, value
from (
    unpivot (
        select
            columns(*)::varchar,
            row_number() over (order by one_id) as entry
        from insight.member_churn_score
        where one_id = $one_id
        order by entry
    )
    on columns(* exclude (entry)) into name fact value value
)
union all
select 'insight.member_interests' as mart, entry, fact, value
from (
    unpivot (
        select
            columns(*)::varchar,
            row_number() over (order by interest_rank) as entry
        from insight.member_interests
        where one_id = $one_id
        order by entry
    )
    on columns(* exclude (entry)) into name fact value value
)
union all
select 'insight.member_lifecycle' as mart, entry, fact, value
from (
    unpivot (
        select
            columns(*)::varchar,
            row_number() over (order by one_id) as entry
        from insight.member_lifecycle
        where one_id = $one_id
        order by entry
    )
    on columns(* exclude (entry)) into name fact value value
)
union all
select 'insight.member_ltv' as mart, entry, fact, value
from (
    unpivot (
        select
            columns(*)::varchar,
            row_number() over (order by one_id) as entry
        from insight.member_ltv
        where one_id = $one_id
        order by entry
    )
    on columns(* exclude (entry)) into name fact value value
)
union all
select 'insight.member_profile' as mart, entry, fact, value
from (
    unpivot (
        select
            columns(*)::varchar,
            row_number() over (order by one_id) as entry
        from insight.member_profile
        where one_id = $one_id
        order by entry
    )
    on columns(* exclude (entry)) into name fact value value
)
union all
select 'insight.member_recommendations' as mart, entry, fact, value
from (
    unpivot (
        select
            columns(*)::varchar,
            row_number() over (order by rank) as entry
        from insight.member_recommendations
        where one_id = $one_id
        order by entry
    )
    on columns(* exclude (entry)) into name fact value value
)
union all
select 'insight.member_rfm' as mart, entry, fact, value
from (
    unpivot (
        select
            columns(*)::varchar,
            row_number() over (order by one_id) as entry
        from insight.member_rfm
        where one_id = $one_id
        order by entry
    )
    on columns(* exclude (entry)) into name fact value value
)
union all
select 'insight.member_risk' as mart, entry, fact, value
from (
    unpivot (
        select
            columns(*)::varchar,
            row_number() over (order by one_id) as entry
        from insight.member_risk
        where one_id = $one_id
        order by entry
    )
    on columns(* exclude (entry)) into name fact value value
)
union all
select 'insight.member_tag_history' as mart, entry, fact, value
from (
    unpivot (
        select
            columns(*)::varchar,
            row_number() over (order by tag_code, valid_from_date) as entry
        from insight.member_tag_history
        where one_id = $one_id
        order by entry
    )
    on columns(* exclude (entry)) into name fact value value
)
union all
select 'insight.member_tags' as mart, entry, fact, value
from (
    unpivot (
        select
            columns(*)::varchar,
            row_number() over (order by tag_code) as entry
        from insight.member_tags
        where one_id = $one_id
        order by entry
    )
    on columns(* exclude (entry)) into name fact value value
)
union all
select 'insight.replenishment_forecast' as mart, entry, fact, value
from (
    unpivot (
        select
            columns(*)::varchar,
            row_number() over (order by category_id) as entry
        from insight.replenishment_forecast
        where one_id = $one_id
        order by entry
    )
    on columns(* exclude (entry)) into name fact value value
)
union all
select 'insight.rfm_history' as mart, entry, fact, value
from (
    unpivot (
        select
            columns(*)::varchar,
            row_number() over (order by as_of_date) as entry
        from insight.rfm_history
        where one_id = $one_id
        order by entry
    )
    on columns(* exclude (entry)) into name fact value value
)
union all
select 'insight.risk_history' as mart, entry, fact, value
from (
    unpivot (
        select
            columns(*)::varchar,
            row_number() over (order by as_of_date) as entry
        from insight.risk_history
        where one_id = $one_id
        order by entry
    )
    on columns(* exclude (entry)) into name fact value value
)
union all
select 'insight.risk_reasons' as mart, entry, fact, value
from (
    unpivot (
        select
            columns(*)::varchar,
            row_number() over (order by reason_code) as entry
        from insight.risk_reasons
        where one_id = $one_id
        order by entry
    )
    on columns(* exclude (entry)) into name fact value value
)
union all
select 'core.fct_orders' as mart, entry, fact, value
from (
    unpivot (
        select
            columns(*)::varchar,
            row_number() over (order by ordered_at desc, order_id) as entry
        from core.fct_orders
        where one_id = $one_id
        order by entry
    )
    on columns(* exclude (entry)) into name fact value value
)
union all
select 'core.fct_order_lines' as mart, entry, fact, value
from (
    unpivot (
        select
            columns(*)::varchar,
            row_number() over (order by order_date desc, order_id, line_no) as entry
        from core.fct_order_lines
        where one_id = $one_id
        order by entry
    )
    on columns(* exclude (entry)) into name fact value value
)
union all
select 'core.fct_events' as mart, entry, fact, value
from (
    unpivot (
        select
            columns(*)::varchar,
            row_number() over (order by occurred_at desc, event_channel, event_id) as entry
        from core.fct_events
        where
            one_id = $one_id
            and event_date > (select max(as_of_date) from insight.member_profile) - 365
        order by entry
    )
    on columns(* exclude (entry)) into name fact value value
)
union all
select 'core.fct_coupons' as mart, entry, fact, value
from (
    unpivot (
        select
            columns(*)::varchar,
            row_number() over (order by issued_at desc, coupon_code) as entry
        from core.fct_coupons
        where one_id = $one_id
        order by entry
    )
    on columns(* exclude (entry)) into name fact value value
)
union all
select 'core.fct_service_tickets' as mart, entry, fact, value
from (
    unpivot (
        select
            columns(*)::varchar,
            row_number() over (order by opened_at desc, ticket_id) as entry
        from core.fct_service_tickets
        where one_id = $one_id
        order by entry
    )
    on columns(* exclude (entry)) into name fact value value
)
union all
select 'core.fct_survey_responses' as mart, entry, fact, value
from (
    unpivot (
        select
            columns(*)::varchar,
            row_number() over (order by responded_at desc, response_id) as entry
        from core.fct_survey_responses
        where one_id = $one_id
        order by entry
    )
    on columns(* exclude (entry)) into name fact value value
)
union all
select 'core.fct_deeds' as mart, entry, fact, value
from (
    unpivot (
        select
            columns(*)::varchar,
            row_number() over (order by occurred_at desc, deed_kind, deed_id) as entry
        from core.fct_deeds
        where
            one_id = $one_id
            and deed_date > (select max(as_of_date) from insight.member_profile) - 365
        order by entry
    )
    on columns(* exclude (entry)) into name fact value value
)
