-- Grain: one row per KPI day through as_of, inside or outside the brand's campaigns
with

campaigns as (
    select
        {{ business_date('starts_at') }} as first_date,
        {{ business_date('ends_at') }} as last_date
    from {{ ref('stg_campaigns__campaigns') }}
)

select
    days.period_date,
    days.month_start_date,
    count(campaigns.first_date) > 0 as is_inside_campaign
from {{ ref('int_kpi__days') }} as days
left join campaigns
    on days.period_date >= campaigns.first_date and days.period_date <= campaigns.last_date
where days.period_date <= days.as_of_date
group by days.period_date, days.month_start_date
