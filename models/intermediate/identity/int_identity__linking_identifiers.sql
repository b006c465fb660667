-- Grain: one row per record and identifier that may link it to others
select
    identifiers.source_record_key,
    identifiers.identifier_type,
    identifiers.identifier_token
from {{ ref('int_identity__identifiers') }} as identifiers
left join {{ ref('int_identity__cut_identifiers') }} as cut_identifiers
    on
        identifiers.identifier_type = cut_identifiers.identifier_type
        and identifiers.identifier_token = cut_identifiers.identifier_token
where cut_identifiers.identifier_token is null
