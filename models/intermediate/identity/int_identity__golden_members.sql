-- Grain: one row per person who holds a member card, with what its cards say together
with

cards as (
    select
        record_persons.one_id,
        members.member_no,
        members.is_test,
        members.registered_at,
        members.register_channel
    from {{ ref('stg_crm__members') }} as members
    inner join {{ ref('int_identity__record_persons') }} as record_persons
        on 'crm.members:' || members.member_no = record_persons.source_record_key
),

ranked_cards as (
    select
        one_id,
        is_test,
        registered_at,
        register_channel,
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
    max(case when oldest_channel_rank = 1 then register_channel end) as register_channel,
    max(case when is_test then 1 else 0 end) = 1 as is_test,
    min(registered_at) as registered_at
from ranked_cards
group by one_id
