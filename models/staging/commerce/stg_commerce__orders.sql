-- Grain: one row per order, in the version known at the end of as_of
{{ config(
    materialized='incremental',
    unique_key='order_id',
    incremental_strategy='delete+insert'
) }}
with

candidates as (
    {{ versions_to_judge(source('commerce', 'orders'), 'order_id', 'updated_at') }}
),

versions as (
    {{ known_then_of_many('candidates', 'order_id', 'updated_at', 'ordered_at') }}
)

select
    order_id,
    {{ known_code(
        'order_channel',
        ['website', 'mini_program', 'app', 'tmall', 'jd', 'douyin', 'pos']
    ) }} as order_channel,
    {{ known_code('buyer_key_type', [
        'member_no', 'openid', 'app_user_id', 'web_user_id', 'buyer_id', 'card_no', 'phone', 'none'
    ]) }} as buyer_key_type,
    buyer_key_token,
    {{ buyer_record_key('order_channel') }} as buyer_record_key,
    store_id,
    staff_id,
    status,
    coalesce({{ known_code('order_kind', ['sale', 'sample', 'gift', 'points_mall']) }}, 'sale')
        as order_kind,
    coalesce(is_test, false) as is_test,
    coalesce(is_gift, false) as is_gift,
    group_buy_id,
    ordered_at,
    {{ business_date('ordered_at') }} as order_date,
    paid_at,
    cancelled_at,
    gross_amount,
    discount_amount,
    points_used,
    net_amount,
    coupon_code,
    campaign_id,
    coalesce(is_private_domain, false) as is_private_domain,
    updated_at,
    is_known_version,
    _load_sequence
from versions
