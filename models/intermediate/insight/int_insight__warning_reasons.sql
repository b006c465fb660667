-- Grain: one row per warning reason and stretch of days in which its policy row is in force
select
    reason_code,
    is_counted,
    sort_order,
    label_zh,
    valid_from,
    coalesce(
        lead(valid_from) over (partition by reason_code order by valid_from nulls last),
        cast('9999-12-31' as date)
    ) as valid_to
from {{ ref('warning_reasons') }}
