-- Grain: one row: the numbers of the policy and of the population that scoring starts from
-- Everybody has so many partners among the others; weights are natural logarithms of odds. Homes
-- are shared where pairs at one address whose names and birthdays have nothing in common are no
-- rarity beside those whose names and birthdays are the same.
with

policies as (
    select
        match_policy.join_probability,
        match_policy.review_probability,
        match_policy.expected_partners,
        match_policy.holders_of_one,
        match_policy.holders_prior,
        match_policy.max_group_persons,
        match_policy.max_shared_homes,
        row_number() over (order by match_policy.valid_from desc nulls last) as policy_rank
    from {{ ref('match_policy') }} as match_policy
    inner join {{ ref('stg_rekindle__as_of') }} as as_of
        on match_policy.valid_from <= as_of.as_of_date
),

persons as (
    select person_id, count(*) as profiles from {{ ref('int_identity__match_profiles') }}
    group by person_id
),

population as (
    select
        count(*) as persons,
        cast(coalesce(sum(profiles), 0) as bigint) as profiles
    from persons
),

homes as (
    select
        coalesce(sum(case
            when name_level in ('different', 'chinese_other') and birthday_level = 'different'
                then 1
        end), 0) as pairs_of_two,
        coalesce(sum(case
            when name_level in ('exact', 'same_sound') and birthday_level = 'exact' then 1
        end), 0) as pairs_of_one
    from {{ ref('int_identity__match_comparisons') }}
    where
        is_blocked
        and address_level in ('exact', 'same_house')
        and place_level in ('both', 'place')
)

select
    population.persons,
    population.profiles,
    policies.holders_of_one,
    policies.holders_prior + population.persons as possible_holders,
    ln(policies.expected_partners) - ln(greatest(population.persons - 1, 1)) as prior_weight,
    ln(policies.join_probability) - ln(1 - policies.join_probability) as join_weight,
    ln(policies.review_probability) - ln(1 - policies.review_probability) as review_weight,
    policies.max_group_persons,
    homes.pairs_of_two > policies.max_shared_homes * homes.pairs_of_one as are_homes_shared
from policies
cross join population
cross join homes
where policies.policy_rank = 1
