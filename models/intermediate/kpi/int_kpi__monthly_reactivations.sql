-- Grain: one row per month and dimension value: members who came back, and what they bought around it
with

reactivations as (
    select one_id, reactivated_date from {{ ref('int_insight__reactivations') }}
),

measures as (
    select
        reactivations.one_id,
        reactivations.reactivated_date,
        {{ start_of_month('reactivations.reactivated_date') }} as period_start_date,
        1 as reactivated,
        case
            when max(
                case
                    when
                        order_days.order_date > reactivations.reactivated_date
                        and order_days.order_date <= {{ add_days('reactivations.reactivated_date', 180) }}
                        then 1
                    else 0
                end
            ) = 1 then 0
            else 1
        end as dormant_again,
        sum(case when order_days.order_date < reactivations.reactivated_date then order_days.orders else 0 end)
            as orders_before,
        sum(case when order_days.order_date < reactivations.reactivated_date then order_days.revenue else 0 end)
            as revenue_before,
        sum(
            case
                when
                    order_days.order_date >= reactivations.reactivated_date
                    and order_days.order_date <= {{ add_days('reactivations.reactivated_date', 180) }}
                    then order_days.orders
                else 0
            end
        ) as orders_after,
        sum(
            case
                when
                    order_days.order_date >= reactivations.reactivated_date
                    and order_days.order_date <= {{ add_days('reactivations.reactivated_date', 180) }}
                    then order_days.revenue
                else 0
            end
        ) as revenue_after
    from reactivations
    inner join {{ ref('int_kpi__order_days') }} as order_days on reactivations.one_id = order_days.one_id
    group by reactivations.one_id, reactivations.reactivated_date
)

{{ sums_by_dimension(
    'measures',
    ['reactivated', 'dormant_again', 'orders_before', 'revenue_before', 'orders_after', 'revenue_after']
) }}
