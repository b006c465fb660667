-- Grain: one row per source record and person it was found to be of, in the order it was learnt
-- Two clocks: effective_at tells since when it was so in the world, changed_at when it was learnt.
-- A belief ends with the first later one; where the business date went back, so does its end.
with

assignments as (
    select
        source_record_key,
        assignment_number,
        one_id,
        caused_by,
        effective_at,
        changed_at,
        min(changed_at) over (
            partition by source_record_key
            order by assignment_number asc nulls last
            rows between 1 following and unbounded following
        ) as next_changed_at
    from {{ ref('int_identity__assignments') }}
)

select
    {{ record_source_system('source_record_key') }} as source_system,
    {{ record_source_table('source_record_key') }} as source_table,
    {{ record_source_key('source_record_key') }} as source_key,
    assignment_number,
    one_id,
    caused_by,
    effective_at,
    {{ business_date('effective_at') }} as effective_date,
    changed_at,
    -- learnt at the end of a business date, by the build of that date
    {{ add_days(business_date('changed_at'), -1) }} as believed_from_date,
    {{ add_days(business_date('next_changed_at'), -1) }} as believed_until_date
from assignments
