-- Grain: one row per business hour, channel and activity
with

hours as (
    select
        timezone(getvariable('business_zone'), timezone('UTC', occurred_at)) as local_at,
        *
    from acts
)

select
    cast(hours.local_at as date) as business_date,
    cast(extract(hour from hours.local_at) as integer) as business_hour,
    hours.channel,
    hours.activity,
    activities.activity_zh,
    count(distinct hours.person_key) as people,
    count(distinct case when hours.one_id is null and not hours.is_erased then hours.person_key end)
        as new_people,
    count(*) as times,
    cast(sum(hours.amount) as decimal(18, 2)) as amount
from hours
inner join activities on hours.activity = activities.activity
group by all
