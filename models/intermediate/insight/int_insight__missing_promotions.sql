-- Grain: one row per silent person that bought on promotion and was sent none since its last order
with

offers as (
    select record_persons.one_id, max({{ business_date('sends.sent_at') }}) as last_offer_date
    from {{ ref('stg_campaigns__sends') }} as sends
    inner join {{ ref('stg_campaigns__campaigns') }} as campaigns
        on sends.campaign_id = campaigns.campaign_id
    inner join {{ ref('int_identity__record_persons') }} as record_persons
        on 'crm.members:' || sends.member_no = record_persons.source_record_key
    where campaigns.offer_kind = 'discount' and coalesce(sends.status <> 'failed', true)
    group by record_persons.one_id
),

orders as (
    select
        silent.one_id,
        silent.last_order_date,
        cast(count(*) as bigint) as orders,
        cast(sum(case when orders.is_discounted then 1 else 0 end) as bigint)
            as discounted_orders
    from {{ ref('int_insight__silent_members') }} as silent
    inner join {{ ref('fct_orders') }} as orders on silent.one_id = orders.one_id
    where orders.is_valid
    group by silent.one_id, silent.last_order_date
)

select
    orders.one_id,
    orders.last_order_date,
    orders.orders,
    orders.discounted_orders,
    cast(orders.discounted_orders as double) / nullif(orders.orders, 0) as strength
from orders
cross join {{ ref('int_insight__churn_policy') }} as policy
left join offers on orders.one_id = offers.one_id
where
    orders.orders >= policy.promotion_min_orders
    and orders.discounted_orders >= policy.promotion_min_share * orders.orders
    and (offers.last_offer_date is null or offers.last_offer_date <= orders.last_order_date)
