-- Grain: one row per person, order date and lifecycle policy: the day limits after that date
-- Of one mode only, yet in the graph of both: {{ ref('int_insight__leading_categories') }}
with

order_days as (
    select one_id, order_date, gaps, previous_order_date
    from {{ ref('int_insight__order_days') }}
),

policies as (
    select
        valid_from,
        at_risk_after_days,
        dormant_after_days,
        churned_after_days,
        adaptive_at_risk_multiple,
        adaptive_dormant_multiple,
        adaptive_churned_multiple,
        adaptive_min_gaps,
        adaptive_floor_share,
        adaptive_ceiling_share
    from {{ ref('int_insight__lifecycle_policies') }}
),
{% if var('lifecycle_mode') == 'adaptive' %}
order_gaps as (
    select
        one_id,
        order_date,
        gaps,
        {{ days_between('previous_order_date', 'order_date') }} as gap_days
    from order_days
),

own_rhythms as (
    select
        one_id,
        order_date,
        gaps,
        {{ running_median('gap_days', 'one_id', 'order_date nulls last') }} as median_gap_days
    from order_gaps
),

rhythms as (
    select
        own_rhythms.one_id,
        own_rhythms.order_date,
        own_rhythms.gaps,
        own_rhythms.median_gap_days,
        leading_categories.usage_cycle_days
    from own_rhythms
    left join {{ ref('int_insight__leading_categories') }} as leading_categories
        on
            own_rhythms.one_id = leading_categories.one_id
            and own_rhythms.order_date = leading_categories.order_date
),

limits as (
    select
        rhythms.one_id,
        rhythms.order_date,
        policies.*,
        case
            when rhythms.gaps >= policies.adaptive_min_gaps then rhythms.median_gap_days
            else rhythms.usage_cycle_days
        end as rhythm_days
    from rhythms
    cross join policies
)

select
    one_id,
    order_date,
    valid_from as policy_valid_from,
    case
        when rhythm_days is null then at_risk_after_days
        else
            least(
                greatest(
                    rhythm_days * adaptive_at_risk_multiple,
                    at_risk_after_days * adaptive_floor_share
                ),
                at_risk_after_days * adaptive_ceiling_share
            )
    end as at_risk_after_days,
    case
        when rhythm_days is null then dormant_after_days
        else
            least(
                greatest(
                    rhythm_days * adaptive_dormant_multiple,
                    dormant_after_days * adaptive_floor_share
                ),
                dormant_after_days * adaptive_ceiling_share
            )
    end as dormant_after_days,
    case
        when rhythm_days is null then churned_after_days
        else
            least(
                greatest(
                    rhythm_days * adaptive_churned_multiple,
                    churned_after_days * adaptive_floor_share
                ),
                churned_after_days * adaptive_ceiling_share
            )
    end as churned_after_days
from limits
{% else %}
limits as (
    select
        order_days.one_id,
        order_days.order_date,
        policies.valid_from as policy_valid_from,
        policies.at_risk_after_days,
        policies.dormant_after_days,
        policies.churned_after_days
    from order_days
    cross join policies
)

select
    one_id,
    order_date,
    policy_valid_from,
    at_risk_after_days,
    dormant_after_days,
    churned_after_days
from limits
{% endif -%}
