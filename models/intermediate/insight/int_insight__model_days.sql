-- Grain: one row per day on which buying histories are looked at: as_of, 90, 180, 270 days before
with

as_of as (
    select as_of_date from {{ ref('stg_rekindle__as_of') }}
),

steps as (
    select as_of_date, {{ number_series(0, 3) }} as step from as_of
)

select
    cast(step as integer) as step,
    as_of_date,
    {{ add_days('as_of_date', '-90 * step') }} as evaluated_date,
    {{ add_days('as_of_date', '90 - 90 * step') }} as outcome_date
from steps
