-- Grain: one row per line of an order, as the order's lines stood at the end of as_of
{{ config(materialized='incremental', unique_key='order_id', incremental_strategy='delete+insert') }}
with

orders as (
    select order_id, ordered_at, updated_at, is_known_version, _load_sequence
    from {{ ref('stg_commerce__orders') }}
),

as_of as (
    select as_of_end_at from {{ ref('stg_rekindle__as_of') }}
),

candidates as (
    select * from {{ source('commerce', 'order_lines') }}
    {% if is_incremental() %}
    where order_id in (
        select order_id from {{ source('commerce', 'order_lines') }} where {{ changed_since_this('updated_at') }}
        union all
        select order_id from orders
        where {{ changed_since_this('updated_at') }} or not is_known_version
    )
    {% endif %}
),

-- a line is as old as its own date or, without one, as its order
dated_lines as (
    select
        candidates.*,
        orders.ordered_at,
        coalesce(candidates.updated_at, orders.updated_at) as version_at,
        coalesce(coalesce(candidates.updated_at, orders.updated_at) < as_of.as_of_end_at, true) as is_known_version
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
    select
        dated_lines.*,
        row_number() over (
            partition by dated_lines.order_id, dated_lines.line_no order by dated_lines._content_hash desc
        ) as line_rank
    from dated_lines
    inner join chosen_versions on dated_lines.order_id = chosen_versions.order_id
    where
        (dated_lines.version_at = chosen_versions.version_at or chosen_versions.version_at is null)
        and (dated_lines.is_known_version or dated_lines.ordered_at is not null)
)

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
    version_at as updated_at,
    is_known_version,
    _load_sequence
from chosen_lines
where line_rank = 1
