-- Grain: one row per person and order date on whose eve the person was dormant or churned
with

returns as (
    select
        one_id,
        order_date,
        previous_order_date,
        {{ add_days('order_date', -1) }} as eve_date
    from {{ ref('int_insight__order_days') }}
    where previous_order_date is not null
)

select
    returns.one_id,
    returns.order_date as reactivated_date
from returns
inner join {{ ref('int_insight__lifecycle_policies') }} as policies
    on returns.eve_date >= policies.valid_from and returns.eve_date < policies.valid_to
inner join {{ ref('int_insight__lifecycle_limits') }} as limits
    on
        returns.one_id = limits.one_id
        and returns.previous_order_date = limits.order_date
        and policies.valid_from = limits.policy_valid_from
where
    {{ days_between('returns.previous_order_date', 'returns.eve_date') }}
    >= least(limits.dormant_after_days, limits.churned_after_days)
