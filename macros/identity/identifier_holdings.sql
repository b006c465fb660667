{#
    What the versions known then say of who held which identifier: one row per record, type and
    value, held from the first version that has it (from the record's birth where that is the
    record's first version) until a version with another value takes its place; null = held still.
    A version without a value ends nothing; every version with the value confirms it. Reads the CTE
    known_versions.
#}
{% macro identifier_holdings(record_prefix, identifier_types) -%}
{%- for identifier_type in identifier_types %}
select
    '{{ record_prefix }}' || source_key as source_record_key,
    '{{ identifier_type }}' as identifier_type,
    {{ identifier_type }} as identifier_value,
    {{ identifier_type }}_token as identifier_token,
    min(held_from) as held_from,
    case when count(*) = count(next_version_at) then max(next_version_at) end as held_until,
    max(updated_at) as confirmed_at
from ({{ identifier_versions(identifier_type) }}) as {{ identifier_type }}_versions
group by source_key, {{ identifier_type }}, {{ identifier_type }}_token
{% if not loop.last %}union all{% endif %}
{%- endfor %}
{%- endmacro %}
