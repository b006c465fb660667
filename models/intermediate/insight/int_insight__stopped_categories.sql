-- Grain: one row per silent person and category that it stopped buying, or grew out of
-- Stopped first: it was overdue by the last order already. Else everything stopped at once.
with

purchases as (
    select
        purchases.one_id,
        purchases.category_id,
        max(purchases.order_date) as last_purchase_date,
        max(silent.last_order_date) as last_order_date,
        cast(sum(purchases.net_amount) as double) as category_amount
    from {{ ref('int_insight__category_purchases') }} as purchases
    inner join {{ ref('int_insight__silent_members') }} as silent
        on purchases.one_id = silent.one_id
    group by purchases.one_id, purchases.category_id
),

shares as (
    select
        one_id,
        category_id,
        last_purchase_date,
        last_order_date,
        coalesce(
            cast(category_amount as double)
            / nullif(sum(category_amount) over (partition by one_id), 0),
            0
        ) as spending_share
    from purchases
),

overdue as (
    select
        warnings.one_id,
        warnings.category_id,
        warnings.from_date,
        warnings.expected_interval_days
    from {{ ref('int_insight__overdue_warnings') }} as warnings
    inner join {{ ref('int_insight__warning_policies') }} as policies
        on warnings.policy_valid_from = policies.valid_from
    inner join {{ ref('stg_rekindle__as_of') }} as as_of
        on
            policies.valid_from <= as_of.as_of_date
            and policies.valid_to > as_of.as_of_date
            and warnings.from_date <= as_of.as_of_date
            and warnings.to_date > as_of.as_of_date
),

-- of a day of birth the month counts
births as (
    select
        record_persons.one_id,
        attributes.attribute_code,
        max(
            case
                when {{ text_fits('attributes.value', "'[0-9]{4}-(0[1-9]|1[0-2])-[0-9]{2}'") }}
                    then
                        make_date(
                            cast(substr(attributes.value, 1, 4) as integer),
                            cast(substr(attributes.value, 6, 2) as integer),
                            1
                        )
            end
        ) as birth_month_date
    from {{ ref('stg_crm__member_attributes') }} as attributes
    inner join {{ ref('int_identity__record_persons') }} as record_persons
        on 'crm.members:' || attributes.member_no = record_persons.source_record_key
    group by record_persons.one_id, attributes.attribute_code
),

life_stages as (
    {{ policy_in_force('life_stages', ['attribute_code', 'category_id']) }}
),

ended as (
    select
        births.one_id,
        life_stages.category_id,
        min(
            {{ add_months('births.birth_month_date', 'life_stages.ends_after_months') }}
        ) as ended_date
    from births
    inner join life_stages on births.attribute_code = life_stages.attribute_code
    inner join {{ ref('stg_rekindle__as_of') }} as as_of
        on
            {{ add_months('births.birth_month_date', 'life_stages.ends_after_months') }}
            <= as_of.as_of_date
    group by births.one_id, life_stages.category_id
)

select
    shares.one_id,
    shares.category_id,
    shares.last_purchase_date,
    shares.spending_share,
    overdue.expected_interval_days,
    overdue.from_date <= shares.last_order_date as is_stopped_first,
    ended.ended_date
from shares
cross join {{ ref('int_insight__churn_policy') }} as policy
left join overdue
    on shares.one_id = overdue.one_id and shares.category_id = overdue.category_id
left join ended
    on
        shares.one_id = ended.one_id
        and shares.category_id = ended.category_id
        and {{ days_between('shares.last_purchase_date', 'ended.ended_date') }}
        between 1 and policy.life_stage_days
where overdue.one_id is not null or ended.one_id is not null
