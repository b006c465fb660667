-- Grain: one row per pair of persons likely enough to be reviewed, with its best pair of profiles
-- Fellegi and Sunter: the odds that two persons are one are the prior odds times, for each
-- comparison, how much oftener its level occurs in pairs of one person (m) than by chance (u). What
-- is equal by chance depends on the value: for a name that many hold, u is the share that holds it.
-- Likeness of names joins nobody by itself: the birthday, the street or the postcode has to be
-- alike, too (a whole town shares its name); where people share homes, the birthday or the house.
{%- set comparisons = ['name', 'birthday', 'address', 'place', 'gender'] %}
with

weights as (
    select comparison, level_code, m_probability, u_probability, joins
    from ({{ policy_in_force('match_weights', ['comparison', 'level_code']) }}) as match_weights
),

settings as (
    select
        holders_of_one,
        possible_holders,
        prior_weight,
        join_weight,
        review_weight,
        are_homes_shared
    from {{ ref('int_identity__match_settings') }}
),

weighed_pairs as (
    select
        comparisons.left_profile_id,
        comparisons.right_profile_id,
        comparisons.left_person_id,
        comparisons.right_person_id
        {%- for comparison in comparisons %},
        comparisons.{{ comparison }}_level,
        coalesce(ln({{ comparison }}_weights.m_probability) - ln(greatest(
            {{ comparison }}_weights.u_probability,
            coalesce(
                cast(
                    comparisons.{{ comparison }}_holders - settings.holders_of_one as double
                )
                / nullif(settings.possible_holders, 0),
                0
            )
        )), 0) as {{ comparison }}_weight
        {%- endfor %},
        coalesce(
            comparisons.birthday_level in ('exact', 'swapped', 'day_off', 'two_parts'), false
        ) as is_birthday_alike,
        coalesce(
            comparisons.address_level in ('exact', 'same_house', 'similar_house'), false
        ) as is_house_alike,
        coalesce(
            comparisons.address_level in ('same_street', 'similar_street')
            or comparisons.place_level in ('both', 'place_near', 'postcode_near', 'postcode'),
            false
        ) as is_neighbourhood_alike,
        name_weights.joins,
        settings.are_homes_shared,
        settings.prior_weight,
        settings.join_weight,
        settings.review_weight
    from {{ ref('int_identity__match_comparisons') }} as comparisons
    cross join settings
    {%- for comparison in comparisons %}
    left join weights as {{ comparison }}_weights
        on
            {{ comparison }}_weights.comparison = '{{ comparison }}'
            and comparisons.{{ comparison }}_level = {{ comparison }}_weights.level_code
    {%- endfor %}
    where comparisons.is_blocked
),

summed_pairs as (
    select
        left_profile_id,
        right_profile_id,
        least(left_person_id, right_person_id) as left_person_id,
        greatest(left_person_id, right_person_id) as right_person_id
        {%- for comparison in comparisons %},
        {{ comparison }}_level
        {%- endfor %},
        case joins
            when 'always' then not are_homes_shared or is_birthday_alike or is_house_alike
            when 'with_birthday' then is_birthday_alike
            when 'unless_shared'
                then not are_homes_shared or (is_birthday_alike and is_house_alike)
            else false
        end
        and (is_birthday_alike or is_house_alike or is_neighbourhood_alike) as can_join,
        prior_weight
        {%- for comparison in comparisons %}
        + {{ comparison }}_weight
        {%- endfor %} as match_weight,
        join_weight,
        review_weight
    from weighed_pairs
),

likely_pairs as (
    select
        *,
        can_join and match_weight >= join_weight as is_likely
    from summed_pairs
    where match_weight >= review_weight
),

ranked_pairs as (
    select
        *,
        row_number() over (
            partition by left_person_id, right_person_id
            order by
                case when is_likely then 0 else 1 end asc nulls last,
                match_weight desc nulls last,
                left_profile_id asc nulls last,
                right_profile_id asc nulls last
        ) as pair_rank
    from likely_pairs
)

select
    left_person_id,
    right_person_id,
    match_weight,
    cast(1 as double) / nullif(1 + exp(-match_weight), 0) as match_probability,
    {%- for comparison in comparisons %}
    {{ comparison }}_level,
    {%- endfor %}
    is_likely
from ranked_pairs
where pair_rank = 1
