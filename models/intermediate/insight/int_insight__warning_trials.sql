-- Grain: one row, the days among which early warning is tried
-- What a warning came to is known once its outcome days are over.
with

as_of as (
    select as_of_date from {{ ref('stg_rekindle__as_of') }}
),

policies as (
    select valid_from, valid_to, outcome_days, trial_days
    from {{ ref('int_insight__warning_policies') }}
)

select
    as_of.as_of_date,
    policies.outcome_days,
    {{ add_days('as_of.as_of_date', '-policies.outcome_days') }} as warned_until_date,
    {{ add_days('as_of.as_of_date', '-policies.outcome_days - policies.trial_days') }}
        as warned_after_date,
    {{ add_days('as_of.as_of_date', '-policies.trial_days') }} as lapsed_after_date
from as_of
inner join policies
    on as_of.as_of_date >= policies.valid_from and as_of.as_of_date < policies.valid_to
