-- Grain: one row per person and category that it is interested in
select
    days.evaluated_date as as_of_date,
    interests.one_id,
    interests.category_id,
    interests.interest as score,
    interests.interest_share as share,
    interests.interest_rank,
    interests.view_interest as view_score,
    interests.view_facts as view_count,
    interests.cart_interest as cart_score,
    interests.cart_facts as cart_count,
    interests.purchase_interest as purchase_score,
    interests.purchase_facts as purchase_count,
    interests.first_date as evidence_first_date,
    interests.last_date as evidence_date
from {{ ref('int_insight__category_interests') }} as interests
inner join {{ ref('int_insight__profile_days') }} as days
    on interests.evaluated_date = days.evaluated_date
inner join {{ ref('dim_member') }} as members on interests.one_id = members.one_id
where
    days.is_as_of
    and interests.interest_share is not null
    and not members.is_test
    and not members.is_staff
