-- Grain: one row per identifier and tenure after its first: when it may be somebody else's
-- A number is free once every record that held it has another one. Long enough after that it is
-- given to somebody else, so whoever holds it from then on is not its former holder. Facts tell
-- who used a number, never who gave it up, so they end no tenure.
with

policy as (
    {{ policy_in_force('identifier_policy', 'identifier_type') }}
),

given_up as (
    select
        identifiers.identifier_type,
        identifiers.identifier_token,
        max(policy.recycle_after_days) as recycle_after_days
    from {{ ref('int_identity__identifiers') }} as identifiers
    inner join policy on identifiers.identifier_type = policy.identifier_type
    where identifiers.held_until is not null and policy.recycle_after_days is not null
    group by identifiers.identifier_type, identifiers.identifier_token
),

holdings as (
    select
        identifiers.identifier_type,
        identifiers.identifier_token,
        given_up.recycle_after_days,
        {{ business_date('identifiers.held_from') }} as held_from_date,
        coalesce(
            {{ business_date('identifiers.held_until') }}, cast('9999-12-31' as date)
        ) as held_until_date
    from {{ ref('int_identity__identifiers') }} as identifiers
    inner join given_up
        on
            identifiers.identifier_type = given_up.identifier_type
            and identifiers.identifier_token = given_up.identifier_token
    where identifiers.source_record_key not like 'commerce.orders:%'
),

former_holdings as (
    select
        *,
        max(held_until_date) over (
            partition by identifier_type, identifier_token
            order by held_from_date asc nulls last, held_until_date asc nulls last
            rows between unbounded preceding and current row
        ) as held_so_far_until_date,
        lead(held_from_date) over (
            partition by identifier_type, identifier_token
            order by held_from_date asc nulls last, held_until_date asc nulls last
        ) as next_held_from_date
    from holdings
),

releases as (
    select
        identifier_type,
        identifier_token,
        {{ add_days('held_so_far_until_date', 'recycle_after_days') }} as begins_date
    from former_holdings
    where
        held_so_far_until_date < cast('9999-12-31' as date)
        and (
            next_held_from_date is null
            or next_held_from_date
            >= {{ add_days('held_so_far_until_date', 'recycle_after_days') }}
        )
)

select
    identifier_type,
    identifier_token,
    1 + row_number() over (
        partition by identifier_type, identifier_token order by begins_date asc nulls last
    ) as tenure,
    {{ start_of_business_date('begins_date') }} as begins_at,
    {{ start_of_business_date(
        "lead(begins_date) over (
            partition by identifier_type, identifier_token order by begins_date asc nulls last
        )"
    ) }} as ends_at
from releases
