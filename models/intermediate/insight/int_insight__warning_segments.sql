-- Grain: one row per person, reason, what tells it, and stretch of watched days on which it does
-- Each policy row rules its own days; a reason that is switched off counts for nothing meanwhile.
with

findings as (
    select
        policy_valid_from,
        one_id,
        reason_code,
        from_date,
        to_date,
        evidence_date,
        cast(null as bigint) as evidence_count,
        evidence_limit,
        cast(null as decimal(18, 2)) as evidence_amount,
        cast(null as string) as evidence_text
    from {{ ref('int_insight__quiet_warnings') }}
    union all
    select
        policy_valid_from,
        one_id,
        'frequency_drop' as reason_code,
        from_date,
        to_date,
        cast(null as date) as evidence_date,
        recent_orders as evidence_count,
        base_orders as evidence_limit,
        cast(null as decimal(18, 2)) as evidence_amount,
        base_kind as evidence_text
    from {{ ref('int_insight__frequency_drop_warnings') }}
    union all
    select
        policy_valid_from,
        one_id,
        reason_code,
        from_date,
        to_date,
        evidence_date,
        evidence_count,
        evidence_limit,
        cast(null as decimal(18, 2)) as evidence_amount,
        evidence_text
    from {{ ref('int_insight__coupon_warnings') }}
    union all
    select
        policy_valid_from,
        one_id,
        'cart_price_drop' as reason_code,
        from_date,
        to_date,
        added_date as evidence_date,
        cast(null as bigint) as evidence_count,
        cast(unit_price as double) as evidence_limit,
        price as evidence_amount,
        product_id as evidence_text
    from {{ ref('int_insight__cart_warnings') }}
    union all
    select
        policy_valid_from,
        one_id,
        'social_cooling' as reason_code,
        from_date,
        to_date,
        last_action_date as evidence_date,
        base_actions as evidence_count,
        cast(least_actions as double) as evidence_limit,
        cast(null as decimal(18, 2)) as evidence_amount,
        cast(null as string) as evidence_text
    from {{ ref('int_insight__cooling_warnings') }}
    union all
    select
        policy_valid_from,
        one_id,
        'replenishment_overdue' as reason_code,
        from_date,
        to_date,
        order_date as evidence_date,
        cast(null as bigint) as evidence_count,
        expected_interval_days as evidence_limit,
        cast(null as decimal(18, 2)) as evidence_amount,
        category_id as evidence_text
    from {{ ref('int_insight__overdue_warnings') }}
    union all
    select
        policy_valid_from,
        one_id,
        'price_sensitive_wait' as reason_code,
        from_date,
        to_date,
        view_date as evidence_date,
        views as evidence_count,
        cast(null as double) as evidence_limit,
        cast(null as decimal(18, 2)) as evidence_amount,
        product_id as evidence_text
    from {{ ref('int_insight__waiting_warnings') }}
),

ruled as (
    select
        findings.one_id,
        findings.reason_code,
        greatest(
            findings.from_date, policies.valid_from, reasons.valid_from, watched.from_date
        ) as from_date,
        least(
            findings.to_date, policies.valid_to, reasons.valid_to, watched.to_date
        ) as to_date,
        findings.evidence_date,
        findings.evidence_count,
        coalesce(findings.evidence_limit, cast(policies.wait_min_views as double))
            as evidence_limit,
        findings.evidence_amount,
        findings.evidence_text,
        as_of.as_of_date
    from findings
    inner join {{ ref('int_insight__warning_policies') }} as policies
        on findings.policy_valid_from = policies.valid_from
    inner join {{ ref('int_insight__warning_reasons') }} as reasons
        on findings.reason_code = reasons.reason_code
    inner join {{ ref('int_insight__watched_spells') }} as watched
        on
            findings.one_id = watched.one_id
            and findings.from_date < watched.to_date
            and findings.to_date > watched.from_date
    cross join {{ ref('stg_rekindle__as_of') }} as as_of
    where reasons.is_counted
)

select
    one_id,
    reason_code,
    from_date,
    to_date,
    evidence_date,
    evidence_count,
    evidence_limit,
    evidence_amount,
    evidence_text
from ruled
where from_date < to_date and from_date <= as_of_date
