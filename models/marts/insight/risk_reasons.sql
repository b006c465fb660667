-- Grain: one row per person and reason that holds at as_of
-- Of several coupons, products or categories that tell a reason the row shows the nearest in time.
with

as_of as (
    select as_of_date from {{ ref('stg_rekindle__as_of') }}
),

findings as (
    select
        as_of.as_of_date,
        segments.one_id,
        segments.reason_code,
        segments.evidence_date,
        segments.evidence_count,
        segments.evidence_limit,
        segments.evidence_amount,
        segments.evidence_text,
        count(*) over (partition by segments.one_id, segments.reason_code) as findings,
        row_number() over (
            partition by segments.one_id, segments.reason_code
            order by
                abs({{ days_between('segments.evidence_date', 'as_of.as_of_date') }}) nulls last,
                segments.evidence_text asc nulls last,
                segments.evidence_count desc nulls last
        ) as finding_rank
    from {{ ref('int_insight__warning_segments') }} as segments
    inner join as_of
        on segments.from_date <= as_of.as_of_date and segments.to_date > as_of.as_of_date
),

spells as (
    select one_id, reason_code, from_date, to_date from {{ ref('int_insight__warning_spells') }}
),

reasons as (
    select reason_code, label_zh, valid_from, valid_to
    from {{ ref('int_insight__warning_reasons') }}
)

select
    findings.as_of_date,
    findings.one_id,
    findings.reason_code,
    reasons.label_zh as reason_zh,
    spells.from_date as first_detected_date,
    {{ days_between('spells.from_date', 'findings.as_of_date') }} as days_detected,
    findings.findings,
    findings.evidence_date,
    coalesce(
        findings.evidence_count,
        abs({{ days_between('findings.evidence_date', 'findings.as_of_date') }})
    ) as evidence_count,
    findings.evidence_limit,
    findings.evidence_amount,
    findings.evidence_text
from findings
inner join spells
    on
        findings.one_id = spells.one_id
        and findings.reason_code = spells.reason_code
        and findings.as_of_date >= spells.from_date
        and findings.as_of_date < spells.to_date
inner join reasons
    on
        findings.reason_code = reasons.reason_code
        and findings.as_of_date >= reasons.valid_from
        and findings.as_of_date < reasons.valid_to
where findings.finding_rank = 1
