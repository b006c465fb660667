-- Grain: one row per metric of persons and dimension value
-- A percentile is the least number of records that so many of a hundred persons do not exceed.
{%- set percentiles = {'p50': 50, 'p75': 75, 'p90': 90, 'p95': 95, 'p99': 99, 'max': 100} %}
with

policy as (
    select metric_code, parameter
    from ({{ policy_in_force('identity_audit', 'metric_code') }}) as audit_policy
),

persons as (
    select one_id, count(*) as records
    from {{ ref('int_identity__record_persons') }}
    group by one_id
),

sizes as (
    select records, count(*) as persons
    from persons
    group by records
),

ranked_sizes as (
    select
        records,
        persons,
        sum(persons) over (
            order by records asc nulls last rows between unbounded preceding and current row
        ) as persons_so_far,
        sum(persons) over () as all_persons
    from sizes
),

cards as (
    select
        record_persons.one_id,
        count(*) as cards,
        count(members.birthday) as birthdays,
        min(members.birthday) <> max(members.birthday) as has_two_birthdays,
        count(members.gender) as genders,
        min(members.gender) <> max(members.gender) as has_two_genders
    from {{ ref('stg_crm__members') }} as members
    inner join {{ ref('int_identity__record_persons') }} as record_persons
        on 'crm.members:' || members.member_no = record_persons.source_record_key
    group by record_persons.one_id
),

card_shares as (
    select
        avg(cast(case when cards.cards > policy.parameter then 1 else 0 end as double))
            as many_card_person_share,
        avg(cast(case
            when cards.birthdays > 1 then case when cards.has_two_birthdays then 1 else 0 end
        end as double)) as two_birthday_person_share,
        avg(cast(case
            when cards.genders > 1 then case when cards.has_two_genders then 1 else 0 end
        end as double)) as two_gender_person_share
    from cards
    inner join policy on policy.metric_code = 'many_card_person_share'
),

review_pairs as (
    select count(*) as pairs from {{ ref('int_identity__review_pairs') }}
),

bridges as (
    select bridge_kind, bridge_type, one_id from {{ ref('int_identity__bridges') }}
),

bridged_persons as (
    select count(*) as persons
    from (
        select one_id
        from bridges
        group by one_id
    ) as persons_with_a_bridge
),

large_persons as (
    select count(*) as persons
    from (
        select one_id
        from {{ ref('int_identity__bridge_holdings') }}
        group by one_id
    ) as persons_of_many_records
),

all_persons as (
    select count(*) as persons from persons
)

{%- for percentile, share in percentiles.items() %}
select
    'person_records' as metric_code,
    'percentile' as dimension_type,
    '{{ percentile }}' as dimension_value,
    cast(min(records) as double) as value
from ranked_sizes
where persons_so_far * 100 >= all_persons * {{ share }}
union all
{%- endfor %}
{%- for metric in [
    'many_card_person_share', 'two_birthday_person_share', 'two_gender_person_share'
] %}
select
    '{{ metric }}' as metric_code,
    'all' as dimension_type,
    'all' as dimension_value,
    {{ metric }} as value
from card_shares
union all
{%- endfor %}
select
    'review_pair_share' as metric_code,
    'all' as dimension_type,
    'all' as dimension_value,
    cast(review_pairs.pairs as double) / nullif(all_persons.persons, 0) as value
from review_pairs
cross join all_persons
union all
select
    'bridged_person_share' as metric_code,
    'all' as dimension_type,
    'all' as dimension_value,
    cast(bridged_persons.persons as double) / nullif(large_persons.persons, 0) as value
from bridged_persons
cross join large_persons
union all
select
    'bridges' as metric_code,
    case bridge_kind when 'record' then 'source' else 'identifier_type' end as dimension_type,
    bridge_type as dimension_value,
    cast(count(*) as double) as value
from bridges
group by bridge_kind, bridge_type
union all
select
    'bridges' as metric_code,
    'all' as dimension_type,
    'all' as dimension_value,
    cast(count(*) as double) as value
from bridges
