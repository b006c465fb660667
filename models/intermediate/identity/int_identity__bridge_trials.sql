-- Grain: one row per record or identifier that links two things of a person of many records
-- Each is taken away once, to see whether the person falls apart.
with

holdings as (
    select
        one_id,
        record_count,
        record_id,
        identifier_type,
        identifier_token,
        record_number,
        identifier_number
    from {{ ref('int_identity__bridge_holdings') }}
)

select
    one_id,
    record_count,
    record_number as removed_number,
    record_id,
    cast(null as string) as identifier_type,
    cast(null as string) as identifier_token
from holdings
group by one_id, record_count, record_number, record_id
having count(*) > 1
union all
select
    one_id,
    record_count,
    identifier_number as removed_number,
    cast(null as bigint) as record_id,
    identifier_type,
    identifier_token
from holdings
group by one_id, record_count, identifier_number, identifier_type, identifier_token
