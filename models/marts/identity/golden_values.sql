-- Grain: one row per person and attribute, with the value that holds and where it comes from
with

golden_values as (
    select
        one_id,
        attribute,
        value,
        source_record_key,
        known_at
    from {{ ref('int_identity__golden_values') }}
)

select
    one_id,
    attribute,
    case
        when attribute in ('name', 'address') then 'withheld'
        when attribute in ('phone', 'email') then 'token'
        else 'clear'
    end as value_kind,
    value,
    {{ record_source_system('source_record_key') }} as source_system,
    {{ record_source_table('source_record_key') }} as source_table,
    {{ record_source_key('source_record_key') }} as source_key,
    known_at
from golden_values
