-- Grain: one row per person, category and day with a purchase, with its size
with

lines as (
    select
        kept_lines.one_id,
        kept_lines.category_id,
        kept_lines.order_date,
        kept_lines.quantity,
        case when products.pack_size > 0 then products.pack_size end as pack_size,
        coalesce(products.pack_unit, '') as pack_unit
    from {{ ref('int_insight__kept_lines') }} as kept_lines
    left join {{ ref('dim_product') }} as products on kept_lines.product_id = products.product_id
    where kept_lines.category_id is not null
),

typical_packs as (
    select category_id, pack_unit, avg(cast(pack_size as double)) as pack_size
    from lines
    where pack_size is not null
    group by category_id, pack_unit
),

purchases as (
    select
        lines.one_id,
        lines.category_id,
        lines.order_date as purchase_date,
        sum(lines.quantity) as units,
        sum(
            lines.quantity
            * coalesce(cast(lines.pack_size as double) / nullif(typical_packs.pack_size, 0), 1)
        ) as packs
    from lines
    left join typical_packs
        on
            lines.category_id = typical_packs.category_id
            and lines.pack_unit = typical_packs.pack_unit
    group by lines.one_id, lines.category_id, lines.order_date
),

typical_units as (
    select category_id, avg(cast(units as double)) as units
    from purchases
    group by category_id
),

judged as (
    select
        purchases.one_id,
        purchases.category_id,
        purchases.purchase_date,
        purchases.units,
        purchases.packs,
        purchases.units >= policy.bulk_multiple * typical_units.units as is_bulk
    from purchases
    inner join typical_units on purchases.category_id = typical_units.category_id
    cross join {{ ref('int_insight__replenishment_policy') }} as policy
)

select
    one_id,
    category_id,
    purchase_date,
    cast(units as bigint) as units,
    packs,
    is_bulk,
    case when is_bulk then 0 else greatest(least(ln(packs), 3), -3) end as log_size
from judged
