-- Grain: one row per metric of identifiers and dimension value
-- A pair of types has a row where both are held by somebody. Records and persons are counted by
-- the set of types they hold, of which there are few.
{%- set types = ['card_no', 'email', 'id_token', 'phone', 'unionid'] %}
{%- set has_types = 'has_' ~ types | join(', has_') %}
with

types_of_records as (
    select
        {%- for type in types %}
        max(case when identifier_type = '{{ type }}' then 1 else 0 end) as has_{{ type }},
        {%- endfor %}
        source_record_key
    from {{ ref('int_identity__linking_identifiers') }}
    group by source_record_key
),

types_of_persons as (
    select
        {%- for type in types %}
        max(types_of_records.has_{{ type }}) as has_{{ type }},
        {%- endfor %}
        record_persons.one_id
    from types_of_records
    inner join {{ ref('int_identity__record_persons') }} as record_persons
        on types_of_records.source_record_key = record_persons.source_record_key
    group by record_persons.one_id
),

sets_of_types as (
    select
        'records_with_both' as metric_code,
        {{ has_types }},
        count(*) as holders
    from types_of_records
    group by {{ has_types }}
    union all
    select
        'persons_with_both' as metric_code,
        {{ has_types }},
        count(*) as holders
    from types_of_persons
    group by {{ has_types }}
),

pairs_of_types as (
    {%- for left_type in types %}
    {%- set outer = loop %}
    {%- for right_type in types[loop.index:] %}
    select
        metric_code,
        '{{ left_type }}+{{ right_type }}' as dimension_value,
        sum(has_{{ left_type }} * has_{{ right_type }} * holders) as value,
        sum(has_{{ left_type }}) > 0 and sum(has_{{ right_type }}) > 0 as is_held
    from sets_of_types
    group by metric_code
    {%- if not (outer.revindex == 2 and loop.last) %}
    union all
    {%- endif %}
    {%- endfor %}
    {%- endfor %}
),

usable_identifiers as (
    select identifier_type, count(*) as identifiers
    from (
        select identifier_type, identifier_token
        from {{ ref('int_identity__identifiers') }}
        group by identifier_type, identifier_token
    ) as held_identifiers
    group by identifier_type
    union all
    select 'device' as identifier_type, count(*) as identifiers
    from {{ ref('int_identity__devices') }}
),

cut_identifiers as (
    select identifier_type, reason, count(*) as identifiers
    from {{ ref('int_identity__cut_identifiers') }}
    group by identifier_type, reason
    union all
    select identifier_type, reason, count(*) as identifiers
    from {{ ref('int_identity__cut_devices') }}
    group by identifier_type, reason
),

cut_by_type as (
    select identifier_type, sum(identifiers) as identifiers
    from cut_identifiers
    group by identifier_type
)

select
    metric_code,
    'identifier_pair' as dimension_type,
    dimension_value,
    cast(value as double) as value
from pairs_of_types
where is_held
union all
select
    'cut_identifiers' as metric_code,
    'cut_reason' as dimension_type,
    reason as dimension_value,
    cast(sum(identifiers) as double) as value
from cut_identifiers
group by reason
union all
select
    'cut_identifier_share' as metric_code,
    'identifier_type' as dimension_type,
    usable_identifiers.identifier_type as dimension_value,
    cast(coalesce(cut_by_type.identifiers, 0) as double)
    / nullif(usable_identifiers.identifiers, 0) as value
from usable_identifiers
left join cut_by_type on usable_identifiers.identifier_type = cut_by_type.identifier_type
