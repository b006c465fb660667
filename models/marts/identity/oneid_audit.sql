-- Grain: one row per metric of the identity resolution and dimension value
with

policy as (
    {{ policy_in_force('identity_audit', 'metric_code') }}
),

sources as (
    select dimension_type, dimension_value, persons, records, joined_records, single_records
    from {{ ref('int_identity__audit_sources') }}
),

measures as (
    select
        'records_per_person' as metric_code,
        dimension_type,
        dimension_value,
        cast(records as double) / nullif(persons, 0) as value
    from sources
    union all
    select
        'joined_record_share' as metric_code,
        dimension_type,
        dimension_value,
        cast(joined_records as double) / nullif(records, 0) as value
    from sources
    union all
    select
        'single_record_share' as metric_code,
        dimension_type,
        dimension_value,
        cast(single_records as double) / nullif(records, 0) as value
    from sources
    union all
    select metric_code, dimension_type, dimension_value, value
    from {{ ref('int_identity__audit_persons') }}
    union all
    select metric_code, dimension_type, dimension_value, value
    from {{ ref('int_identity__audit_identifiers') }}
)

select
    as_of.as_of_date,
    measures.metric_code,
    policy.label_zh as metric_label_zh,
    measures.dimension_type,
    measures.dimension_value,
    measures.value,
    policy.threshold,
    coalesce(
        (policy.warns_when = 'above' and measures.value > policy.threshold)
        or (policy.warns_when = 'below' and measures.value < policy.threshold),
        false
    ) as is_warning
from measures
inner join policy on measures.metric_code = policy.metric_code
cross join {{ ref('stg_rekindle__as_of') }} as as_of
where measures.value is not null
