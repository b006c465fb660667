-- Grain: one row per person and attribute that one of its records states, with the value that holds
-- Of valid values the one of the source that comes first, of sources that come equally the newest,
-- of equally new ones that of the greater record. A source that the policy does not name for an
-- attribute says nothing about it. Names and addresses stay where they are: only their place is
-- told. Words that stand for nothing are no values.
with

policy as (
    select attribute, source, precedence
    from ({{ policy_in_force('source_precedence', ['attribute', 'source']) }}) as precedences
    where precedence is not null
),

placeholders as (
    {{ placeholders() }}
),

members as (
    select
        member_no,
        gender,
        province,
        city,
        name_normalised,
        address_normalised,
        updated_at,
        case
            when
                birthday <= {{ business_date('updated_at') }}
                and birthday > {{ add_months(business_date('updated_at'), -1440) }}
                then cast(extract(year from birthday) as string)
        end as birth_year
    from {{ ref('stg_crm__members') }}
),

stated_values as (
    select
        'crm.members:' || members.member_no as source_record_key,
        policy.attribute,
        policy.precedence,
        case policy.attribute
            when 'gender' then members.gender
            when 'birth_year' then members.birth_year
            when 'province' then members.province
            when 'city' then members.city
            when 'name' then members.name_normalised
            when 'address' then members.address_normalised
        end as value,
        members.updated_at as known_at
    from members
    inner join policy on policy.source = 'crm.members'
    where policy.attribute in ('gender', 'birth_year', 'province', 'city', 'name', 'address')
    union all
    select
        'marketplace.buyers:' || buyers.platform || ':' || buyers.buyer_id as source_record_key,
        policy.attribute,
        policy.precedence,
        case policy.attribute
            when 'name' then buyers.receiver_name_normalised
            when 'address' then buyers.receiver_address_normalised
        end as value,
        buyers.updated_at as known_at
    from {{ ref('stg_marketplace__buyers') }} as buyers
    inner join policy on policy.source = 'marketplace.buyers'
    where policy.attribute in ('name', 'address')
    union all
    select
        'mini_program.users:' || users.openid as source_record_key,
        policy.attribute,
        policy.precedence,
        users.nickname_normalised as value,
        users.updated_at as known_at
    from {{ ref('stg_mini_program__users') }} as users
    inner join policy on policy.source = 'mini_program.users'
    where policy.attribute = 'name'
),

real_values as (
    select
        stated_values.source_record_key,
        stated_values.attribute,
        stated_values.precedence,
        case
            when stated_values.attribute not in ('name', 'address') then stated_values.value
        end as value,
        stated_values.known_at
    from stated_values
    left join placeholders on lower(stated_values.value) = placeholders.identifier_value
    where stated_values.value is not null and placeholders.identifier_value is null
),

-- A number or e-mail that the record still holds, and that not too many others hold as well.
held_values as (
    select
        identifiers.source_record_key,
        identifiers.identifier_type as attribute,
        policy.precedence,
        identifiers.identifier_token as value,
        identifiers.held_from as known_at
    from {{ ref('int_identity__identifiers') }} as identifiers
    inner join policy
        on
            identifiers.identifier_type = policy.attribute
            and split_part(identifiers.source_record_key, ':', 1) = policy.source
    left join {{ ref('int_identity__cut_identifiers') }} as cut_identifiers
        on
            identifiers.identifier_type = cut_identifiers.identifier_type
            and identifiers.identifier_token = cut_identifiers.identifier_token
    where
        identifiers.identifier_type in ('phone', 'email')
        and identifiers.held_until is null
        and cut_identifiers.identifier_token is null
),

candidates as (
    select source_record_key, attribute, precedence, value, known_at from real_values
    union all
    select source_record_key, attribute, precedence, value, known_at from held_values
),

ranked_values as (
    select
        record_persons.one_id,
        candidates.attribute,
        candidates.value,
        candidates.source_record_key,
        candidates.known_at,
        row_number() over (
            partition by record_persons.one_id, candidates.attribute
            order by
                candidates.precedence asc nulls last,
                candidates.known_at desc nulls last,
                candidates.source_record_key desc nulls last,
                candidates.value desc nulls last
        ) as value_rank
    from candidates
    inner join {{ ref('int_identity__record_persons') }} as record_persons
        on candidates.source_record_key = record_persons.source_record_key
)

select one_id, attribute, value, source_record_key, known_at
from ranked_values
where value_rank = 1
