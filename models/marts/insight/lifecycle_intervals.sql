-- Grain: one row per person and stage spell (half-open day interval)
with

spells as (
    select one_id, lifecycle_stage, valid_from_date, valid_to_date, sequence
    from {{ ref('int_insight__lifecycle_spells') }}
),

as_of as (
    select as_of_date from {{ ref('stg_rekindle__as_of') }}
)

select
    as_of.as_of_date,
    spells.one_id,
    spells.lifecycle_stage,
    spells.valid_from_date,
    spells.valid_to_date,
    spells.sequence
from spells
cross join as_of
