-- Grain: one row per person and benefit that the person is entitled to at as_of
-- How probably it is used: by its users among the entitled with the same motivation, drawn to its
-- users among all, in the days of history of recommendations.
with

policy as (
    select as_of_date, history_after_date, like_members
    from {{ ref('int_insight__recommendation_days') }}
    where step = 0
),

persons as (
    select
        record_persons.one_id,
        record_persons.source_record_key,
        coalesce(motivations.motivation, 'none') as motivation
    from {{ ref('int_identity__record_persons') }} as record_persons
    inner join {{ ref('dim_member') }} as members on record_persons.one_id = members.one_id
    left join {{ ref('int_insight__motivations') }} as motivations
        on
            record_persons.one_id = motivations.one_id
            and motivations.evaluated_date
            = (select as_of_date from {{ ref('stg_rekindle__as_of') }})
    where not members.is_test and not members.is_staff
),

entitled as (
    select
        persons.one_id,
        persons.motivation,
        entitlements.benefit_id
    from {{ ref('stg_loyalty__benefit_entitlements') }} as entitlements
    inner join persons
        on persons.source_record_key = 'crm.members:' || entitlements.member_no
    cross join policy
    where
        coalesce(
            {{ business_date('entitlements.expires_at') }} > policy.as_of_date, true
        )
    group by persons.one_id, persons.motivation, entitlements.benefit_id
),

uses as (
    select
        persons.one_id,
        usages.benefit_id,
        count(*) as own_uses
    from {{ ref('stg_loyalty__benefit_usages') }} as usages
    inner join persons on persons.source_record_key = 'crm.members:' || usages.member_no
    inner join policy
        on {{ business_date('usages.used_at') }} > policy.history_after_date
    group by persons.one_id, usages.benefit_id
),

known as (
    select
        entitled.one_id,
        entitled.motivation,
        entitled.benefit_id,
        coalesce(uses.own_uses, 0) as own_uses
    from entitled
    left join uses
        on entitled.one_id = uses.one_id and entitled.benefit_id = uses.benefit_id
),

rates as (
    select
        benefit_id,
        cast(sum(case when own_uses > 0 then 1 else 0 end) as double)
        / nullif(count(*), 0) as use_rate
    from known
    group by benefit_id
),

like_rates as (
    select
        benefit_id,
        motivation,
        sum(case when own_uses > 0 then 1 else 0 end) as users,
        count(*) as entitled_members
    from known
    group by benefit_id, motivation
),

scored as (
    select
        known.one_id,
        known.benefit_id,
        known.motivation,
        known.own_uses,
        cast(like_rates.users + policy.like_members * rates.use_rate as double)
        / nullif(like_rates.entitled_members + policy.like_members, 0) as score
    from known
    inner join like_rates
        on known.benefit_id = like_rates.benefit_id and known.motivation = like_rates.motivation
    inner join rates on known.benefit_id = rates.benefit_id
    cross join policy
)

select
    one_id,
    benefit_id,
    motivation,
    own_uses,
    score,
    row_number() over (
        partition by one_id order by score desc nulls last, benefit_id asc nulls last
    ) as benefit_rank
from scored
where score > 0
