{# The rows of a dated policy that are in force at as_of: of each key the newest.
   The day is a scalar, not a join: so Spark knows how short the list is, and sends it to every
   executor instead of moving the rows that it is joined to. #}
{% macro policy_in_force(policy, keys) -%}
    select dated_policy.* from (
        select
            policy.*,
            row_number() over (
                partition by policy.{{ ([keys] if keys is string else keys) | join(', policy.') }}
                order by policy.valid_from desc nulls last
            ) as policy_rank
        from {{ ref(policy) }} as policy
        where policy.valid_from <= (select as_of_date from {{ ref('stg_rekindle__as_of') }})
    ) as dated_policy
    where policy_rank = 1
{%- endmacro %}
