{# The rows of a dated policy that are in force at as_of: of each key the newest, without a key the
   newest of all.
   The day is a scalar, not a join: so Spark knows how short the list is, and sends it to every
   executor instead of moving the rows that it is joined to. #}
{% macro policy_in_force(policy, keys=[]) -%}
    {%- set key_list = [keys] if keys is string else keys %}
    select dated_policy.* from (
        select
            policy.*,
            row_number() over (
                {% if key_list %}partition by policy.{{ key_list | join(', policy.') }}
                {% endif %}order by policy.valid_from desc nulls last
            ) as policy_rank
        from {{ ref(policy) }} as policy
        where policy.valid_from <= (select as_of_date from {{ ref('stg_rekindle__as_of') }})
    ) as dated_policy
    where policy_rank = 1
{%- endmacro %}
