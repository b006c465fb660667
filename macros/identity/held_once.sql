{# Which things that nobody holds twice persons hold: an id document, or a source with one record a
   person. Reads the CTE records: the person's column and source_record_key. #}
{% macro held_once(person) -%}
    select held.{{ person }}, once.kind, once.code
    from (
        select {{ person }}, 'source' as kind, split_part(source_record_key, ':', 1) as code
        from records
        union
        select records.{{ person }}, 'identifier' as kind, identifiers.identifier_type as code
        from records
        inner join {{ ref('int_identity__linking_identifiers') }} as identifiers
            on records.source_record_key = identifiers.source_record_key
    ) as held
    inner join ({{ policy_in_force('match_once', ['kind', 'code']) }}) as once
        on held.kind = once.kind and held.code = once.code
    where once.is_once
{%- endmacro %}
