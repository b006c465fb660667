-- Grain: one row per silent person and reason, with its strongest finding and its rank
with

findings as (
    select
        one_id,
        'bad_service' as reason_code,
        strength,
        experience_date as evidence_date,
        cast(abs(days_after) as bigint) as evidence_count,
        csat as evidence_limit,
        cast(null as decimal(18, 2)) as evidence_amount,
        experience_id as evidence_text
    from {{ ref('int_insight__bad_services') }}
    union all
    select
        one_id,
        'life_stage_end' as reason_code,
        spending_share as strength,
        ended_date as evidence_date,
        cast(null as bigint) as evidence_count,
        cast(null as double) as evidence_limit,
        cast(null as decimal(18, 2)) as evidence_amount,
        category_id as evidence_text
    from {{ ref('int_insight__stopped_categories') }}
    where ended_date is not null
    union all
    select
        one_id,
        case when is_stopped_first then 'category_stopped' else 'category_overdue' end
            as reason_code,
        spending_share as strength,
        last_purchase_date as evidence_date,
        cast(null as bigint) as evidence_count,
        expected_interval_days as evidence_limit,
        cast(null as decimal(18, 2)) as evidence_amount,
        category_id as evidence_text
    from {{ ref('int_insight__stopped_categories') }}
    where ended_date is null
    union all
    select
        one_id,
        'price_rise' as reason_code,
        strength,
        risen_date as evidence_date,
        cast(null as bigint) as evidence_count,
        cast(previous_price as double) as evidence_limit,
        price as evidence_amount,
        product_id as evidence_text
    from {{ ref('int_insight__dearer_favourites') }}
    union all
    select
        one_id,
        'out_of_promotion' as reason_code,
        strength,
        last_order_date as evidence_date,
        discounted_orders as evidence_count,
        cast(orders as double) as evidence_limit,
        cast(null as decimal(18, 2)) as evidence_amount,
        cast(null as string) as evidence_text
    from {{ ref('int_insight__missing_promotions') }}
    union all
    select
        silent.one_id,
        'social_cooling' as reason_code,
        cast(1 as double) as strength,
        spells.from_date as evidence_date,
        cast(null as bigint) as evidence_count,
        cast(null as double) as evidence_limit,
        cast(null as decimal(18, 2)) as evidence_amount,
        cast(null as string) as evidence_text
    from {{ ref('int_insight__silent_members') }} as silent
    cross join {{ ref('int_insight__churn_policy') }} as policy
    inner join {{ ref('int_insight__warning_spells') }} as spells
        on
            silent.one_id = spells.one_id
            and silent.last_order_date >= spells.from_date
            and spells.reason_code = 'social_cooling'
    where
        {{ days_between('spells.to_date', 'silent.last_order_date') }}
        < policy.cooling_days_before
    union all
    select
        one_id,
        'unexplained' as reason_code,
        cast(0 as double) as strength,
        last_order_date as evidence_date,
        cast(null as bigint) as evidence_count,
        cast(null as double) as evidence_limit,
        cast(null as decimal(18, 2)) as evidence_amount,
        cast(null as string) as evidence_text
    from {{ ref('int_insight__silent_members') }}
),

ranked_findings as (
    select
        one_id,
        reason_code,
        strength,
        evidence_date,
        evidence_count,
        evidence_limit,
        evidence_amount,
        evidence_text,
        count(*) over (partition by one_id, reason_code) as findings,
        row_number() over (
            partition by one_id, reason_code
            order by
                strength desc nulls last,
                evidence_date desc nulls last,
                evidence_text asc nulls last
        ) as finding_rank,
        min(case when reason_code = 'unexplained' then 1 else 0 end) over (
            partition by one_id
        ) as is_unexplained
    from findings
),

reasons as (
    {{ policy_in_force('churn_reasons', 'reason_code') }}
)

select
    ranked_findings.one_id,
    ranked_findings.reason_code,
    reasons.label_zh,
    reasons.weight * ranked_findings.strength as score,
    ranked_findings.findings,
    ranked_findings.evidence_date,
    ranked_findings.evidence_count,
    ranked_findings.evidence_limit,
    ranked_findings.evidence_amount,
    ranked_findings.evidence_text,
    cast(
        row_number() over (
            partition by ranked_findings.one_id
            order by
                reasons.weight * ranked_findings.strength desc nulls last,
                reasons.sort_order asc nulls last
        ) as integer
    ) as reason_rank
from ranked_findings
inner join reasons on ranked_findings.reason_code = reasons.reason_code
where
    ranked_findings.finding_rank = 1
    and (ranked_findings.reason_code <> 'unexplained' or ranked_findings.is_unexplained = 1)
