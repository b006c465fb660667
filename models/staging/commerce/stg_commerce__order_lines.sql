-- Grain: one row per line of an order, as the order's lines stood at the end of as_of
{{ config(
    materialized='incremental',
    unique_key='order_id',
    incremental_strategy='delete+insert'
) }}
with

orders as (
    select order_id, ordered_at, updated_at, is_known_version, _load_sequence
    from {{ ref('stg_commerce__orders') }}
),

as_of as (
    select as_of_end_at from {{ ref('stg_rekindle__as_of') }}
),

candidates as (
    select
        order_id,
        line_no,
        product_id,
        quantity,
        unit_price,
        promotion_discount,
        coupon_discount,
        tier_discount,
        points_discount,
        net_amount,
        updated_at,
        _content_hash,
        _load_sequence
    from {{ source('commerce', 'order_lines') }}
    {% if is_incremental() %}
    where
        order_id in (
            select changed_lines.order_id
            from {{ source('commerce', 'order_lines') }} as changed_lines
            where {{ changed_since_this('updated_at') }}
            union all
            select orders.order_id from orders
            where {{ changed_since_this('updated_at') }} or not orders.is_known_version
        )
    {% endif %}
),

-- a line is as old as its own date or, without one, as its order
dated_lines as (
    select
        candidates.*,
        orders.ordered_at,
        coalesce(candidates.updated_at, orders.updated_at) as version_at,
        coalesce(
            coalesce(candidates.updated_at, orders.updated_at) < as_of.as_of_end_at, true
        ) as is_known_version
    from candidates
    cross join as_of
    left join orders on candidates.order_id = orders.order_id
),

chosen_versions as (
    select
        order_id,
        coalesce(max(case when is_known_version then version_at end), min(version_at)) as version_at
    from dated_lines
    group by order_id
),

chosen_lines as (
    select dated_lines.*
    from dated_lines
    inner join chosen_versions on dated_lines.order_id = chosen_versions.order_id
    where
        (dated_lines.version_at = chosen_versions.version_at or chosen_versions.version_at is null)
        and (dated_lines.is_known_version or dated_lines.ordered_at is not null)
),

-- equally old and different: the larger content hash wins
contested_lines as (
    select order_id, line_no, max(_content_hash) as _content_hash
    from chosen_lines
    group by order_id, line_no
    having count(*) > 1
)

select
    chosen_lines.order_id,
    chosen_lines.line_no,
    chosen_lines.product_id,
    chosen_lines.quantity,
    chosen_lines.unit_price,
    chosen_lines.promotion_discount,
    chosen_lines.coupon_discount,
    chosen_lines.tier_discount,
    chosen_lines.points_discount,
    chosen_lines.net_amount,
    chosen_lines.version_at as updated_at,
    chosen_lines.is_known_version,
    chosen_lines._load_sequence
from chosen_lines
left join contested_lines
    on
        chosen_lines.order_id = contested_lines.order_id
        and chosen_lines.line_no = contested_lines.line_no
where
    contested_lines._content_hash is null
    or chosen_lines._content_hash = contested_lines._content_hash
