-- Grain: one row per person, category and day with a purchase, with the paces of the gaps so far
with

paces as (
    select
        gaps.one_id,
        gaps.category_id,
        gaps.purchase_date,
        gaps.purchase_month,
        gaps.units,
        gaps.packs,
        gaps.is_bulk,
        gaps.log_size,
        gaps.purchase_number,
        gaps.next_date,
        gaps.log_gap,
        greatest(
            least(
                gaps.log_gap - rhythms.elasticity * gaps.opening_size,
                coalesce(rhythms.highest_pace, 100)
            ),
            coalesce(rhythms.lowest_pace, -100)
        ) as pace
    from {{ ref('int_insight__category_gaps') }} as gaps
    inner join {{ ref('int_insight__category_rhythms') }} as rhythms
        on
            gaps.category_id = rhythms.category_id
            and gaps.purchase_month = rhythms.period_start_date
)

select
    one_id,
    category_id,
    purchase_date,
    purchase_month,
    units,
    packs,
    is_bulk,
    log_size,
    purchase_number,
    next_date,
    cast(purchase_number - 1 as double) as own_gaps,
    coalesce(sum(case when log_gap is not null then pace end) over (
        partition by one_id, category_id order by purchase_date nulls last
        rows between unbounded preceding and current row
    ), 0) as pace_total,
    coalesce(sum(case when log_gap is not null then pace * pace end) over (
        partition by one_id, category_id order by purchase_date nulls last
        rows between unbounded preceding and current row
    ), 0) as pace_squares
from paces
