-- Grain: one row per order, with its person, its status then and what is left of its money
with

orders as (
    select
        orders.order_id,
        {{ of_tenure('orders.buyer_record_key', 'tenures.tenure') }} as buyer_record_key,
        orders.order_channel,
        orders.store_id,
        orders.staff_id,
        orders.ordered_at,
        orders.order_date,
        orders.status,
        orders.order_kind,
        orders.is_test,
        orders.paid_at,
        orders.cancelled_at,
        orders.updated_at,
        orders.gross_amount,
        orders.discount_amount,
        orders.net_amount,
        orders.coupon_code,
        orders.campaign_id,
        orders.is_private_domain
    from {{ ref('stg_commerce__orders') }} as orders
    {{ join_tenure('orders', 'ordered_at') }}
),

as_of as (
    select as_of_end_at from {{ ref('stg_rekindle__as_of') }}
),

persons as (
    select
        record_persons.source_record_key,
        record_persons.one_id,
        members.is_test or members.is_staff as is_excluded
    from {{ ref('int_identity__record_persons') }} as record_persons
    inner join {{ ref('dim_member') }} as members on record_persons.one_id = members.one_id
),

refunds as (
    select order_id, refunded_amount from {{ ref('int_core__order_refunds') }}
),

discounts as (
    select order_id, has_promotion_discount, has_coupon_discount
    from {{ ref('int_core__order_discounts') }}
),

judged_orders as (
    select
        orders.order_id,
        persons.one_id,
        orders.order_channel,
        orders.store_id,
        orders.staff_id,
        orders.ordered_at,
        orders.order_date,
        orders.order_kind,
        orders.gross_amount,
        orders.discount_amount,
        orders.net_amount,
        orders.coupon_code,
        orders.campaign_id,
        orders.is_private_domain,
        orders.is_test or coalesce(persons.is_excluded, false) as is_excluded,
        case
            when
                coalesce(
                    orders.cancelled_at,
                    case when orders.status = 'cancelled' then orders.updated_at end
                ) < as_of.as_of_end_at
                then 'cancelled'
            when orders.paid_at >= as_of.as_of_end_at then 'created'
            when orders.paid_at is null and orders.status in ('created', 'cancelled') then 'created'
            else 'paid'
        end as status,
        {{ as_money('coalesce(refunds.refunded_amount, 0)') }} as refunded_amount,
        coalesce(
            discounts.has_promotion_discount or discounts.has_coupon_discount,
            orders.coupon_code is not null or orders.discount_amount > 0
        ) as is_discounted,
        orders.coupon_code is not null
        or coalesce(discounts.has_coupon_discount, false) as is_coupon_used
    from orders
    cross join as_of
    left join persons on orders.buyer_record_key = persons.source_record_key
    left join refunds on orders.order_id = refunds.order_id
    left join discounts on orders.order_id = discounts.order_id
)

select
    order_id,
    one_id,
    order_channel,
    store_id,
    staff_id,
    ordered_at,
    order_date,
    status,
    order_kind = 'sale' and not is_excluded and status = 'paid' as is_valid,
    order_kind,
    gross_amount,
    discount_amount,
    net_amount,
    refunded_amount,
    cast(greatest(net_amount - refunded_amount, 0) as decimal(18, 2)) as net_revenue,
    coupon_code,
    campaign_id,
    is_private_domain,
    is_discounted,
    is_coupon_used,
    is_discounted and not is_coupon_used as is_promoted_only
from judged_orders
