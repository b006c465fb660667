-- Grain: one row, the business date this build describes; no row where the brand has no dated fact
with

{% if var('as_of_date', none) -%}
chosen as (
    select cast('{{ var("as_of_date") }}' as date) as as_of_date
)
{%- else -%}
latest_activity as (
    select max(ordered_at) as latest_at from {{ source('commerce', 'orders') }}
    union all
    select max(occurred_at) as latest_at from {{ source('mini_program', 'events') }}
    union all
    select max(occurred_at) as latest_at from {{ source('app', 'events') }}
    union all
    select max(occurred_at) as latest_at from {{ source('website', 'events') }}
),

latest_registration as (
    select max(registered_at) as latest_at from {{ source('crm', 'members') }}
    union all
    select max(created_at) as latest_at from {{ source('mini_program', 'users') }}
    union all
    select max(created_at) as latest_at from {{ source('app', 'users') }}
    union all
    select max(created_at) as latest_at from {{ source('website', 'users') }}
    union all
    select max(created_at) as latest_at from {{ source('marketplace', 'buyers') }}
    union all
    select max(added_at) as latest_at from {{ source('wecom', 'contacts') }}
),

chosen as (
    select {{ business_date('latest_at') }} as as_of_date
    from (
        select
            coalesce(
                (select max(latest_activity.latest_at) from latest_activity),
                (select max(latest_registration.latest_at) from latest_registration)
            ) as latest_at
    ) as latest
)
{%- endif %}

select
    as_of_date,
    {{ start_of_business_date(add_days('as_of_date', 1)) }} as as_of_end_at
from chosen
where as_of_date is not null
