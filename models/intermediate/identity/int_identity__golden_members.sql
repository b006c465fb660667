-- Grain: one row per person who holds a member card, with the values that survive from its cards
{%- set newest_last = 'updated_at nulls last, member_no nulls last' %}
with

cards as (
    select
        record_persons.one_id,
        members.member_no,
        members.gender,
        extract(year from members.birthday) as birth_year,
        members.province,
        members.city,
        members.is_test,
        members.registered_at,
        members.register_channel,
        members.updated_at
    from {{ ref('stg_crm__members') }} as members
    inner join {{ ref('int_identity__record_persons') }} as record_persons
        on 'crm.members:' || members.member_no = record_persons.source_record_key
),

ranked_cards as (
    select
        one_id,
        is_test,
        registered_at,
        {{ last_known('gender', 'one_id', newest_last) }} as gender,
        {{ last_known('birth_year', 'one_id', newest_last) }} as birth_year,
        {{ last_known('province', 'one_id', newest_last) }} as province,
        {{ last_known('city', 'one_id', newest_last) }} as city,
        register_channel,
        row_number() over (
            partition by one_id order by updated_at desc nulls last, member_no desc nulls last
        ) as newest_rank,
        row_number() over (
            partition by one_id
            order by
                case when register_channel is null then 1 else 0 end nulls last,
                registered_at asc nulls last,
                member_no asc nulls last
        ) as oldest_channel_rank
    from cards
)

select
    one_id,
    max(case when newest_rank = 1 then gender end) as gender,
    max(case when newest_rank = 1 then birth_year end) as birth_year,
    max(case when newest_rank = 1 then province end) as province,
    max(case when newest_rank = 1 then city end) as city,
    max(case when oldest_channel_rank = 1 then register_channel end) as register_channel,
    max(case when is_test then 1 else 0 end) = 1 as is_test,
    min(registered_at) as registered_at
from ranked_cards
group by one_id
