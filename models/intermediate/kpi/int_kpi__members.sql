-- Grain: one row per person who is neither a test nor staff, with what does not change about it
select
    members.one_id,
    members.born_date,
    case
        when members.is_registered
            then coalesce({{ business_date('members.registered_at') }}, members.born_date)
    end as registered_date,
    cohort_members.cohort_month,
    cohort_members.first_order_channel,
    members.register_channel
from {{ ref('dim_member') }} as members
left join {{ ref('int_measurement__cohort_members') }} as cohort_members
    on members.one_id = cohort_members.one_id
where not members.is_test and not members.is_staff
