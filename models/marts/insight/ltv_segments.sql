-- Grain: one row per segment of persons with a valid order
with

values_ahead as (
    select as_of_date, one_id, purchases, past_revenue, expected_orders_365d, ltv_365d
    from {{ ref('member_ltv') }}
),

members as (
    select one_id, register_channel from {{ ref('dim_member') }}
),

first_orders as (
    select one_id, order_channel, {{ start_of_month('order_date') }} as cohort_month
    from {{ ref('fct_orders') }}
    where is_first_order
),

groups_today as (
    select one_id, rfm_group from {{ ref('member_rfm') }}
),

described as (
    select
        values_ahead.*,
        coalesce(members.register_channel, 'unknown') as register_channel,
        first_orders.order_channel as first_order_channel,
        coalesce(groups_today.rfm_group, 'none') as rfm_group,
        cast(first_orders.cohort_month as string) as cohort_month
    from values_ahead
    inner join members on values_ahead.one_id = members.one_id
    inner join first_orders on values_ahead.one_id = first_orders.one_id
    left join groups_today on values_ahead.one_id = groups_today.one_id
),

segments as (
    {%- for segment_type in [
        'all', 'first_order_channel', 'register_channel', 'rfm_group', 'cohort_month'
    ] %}
    select
        as_of_date,
        '{{ segment_type }}' as segment_type,
        {{ "'all'" if segment_type == 'all' else segment_type }} as segment_value,
        purchases,
        past_revenue,
        expected_orders_365d,
        ltv_365d
    from described
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select
    as_of_date,
    segment_type,
    segment_value,
    cast(count(*) as bigint) as members,
    cast(sum(purchases) as bigint) as purchases,
    {{ as_money('sum(past_revenue)') }} as past_revenue,
    {{ order_free_sum('expected_orders_365d') }} as expected_orders_365d,
    {{ as_money('sum(ltv_365d)') }} as ltv_365d,
    cast(sum(ltv_365d) as double) / nullif(count(*), 0) as mean_ltv_365d
from segments
group by as_of_date, segment_type, segment_value
