{# The rows of a dated policy that are in force at as_of: of each key the newest. #}
{% macro policy_in_force(policy, keys) -%}
    select dated_policy.* from (
        select
            policy.*,
            row_number() over (
                partition by policy.{{ ([keys] if keys is string else keys) | join(', policy.') }}
                order by policy.valid_from desc nulls last
            ) as policy_rank
        from {{ ref(policy) }} as policy
        inner join {{ ref('stg_rekindle__as_of') }} as as_of
            on policy.valid_from <= as_of.as_of_date
    ) as dated_policy
    where policy_rank = 1
{%- endmacro %}
