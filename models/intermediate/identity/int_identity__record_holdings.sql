-- Grain: one row per record, identifier that links it to others and tenure, or island of a tenure
-- An island counts as a tenure of its own: what is in two of them links nobody across.
-- A view: most brands restrict nothing.
{{ config(materialized='view') }}
select
    linking_identifiers.source_record_key,
    linking_identifiers.identifier_type,
    linking_identifiers.identifier_token,
    linking_identifiers.tenure + coalesce(restricted_holdings.island, 0) * 10000 as tenure,
    linking_identifiers.held_from
from {{ ref('int_identity__linking_identifiers') }} as linking_identifiers
left join {{ ref('int_identity__restricted_holdings') }} as restricted_holdings
    on
        linking_identifiers.source_record_key = restricted_holdings.source_record_key
        and linking_identifiers.identifier_type = restricted_holdings.identifier_type
        and linking_identifiers.identifier_token = restricted_holdings.identifier_token
        and linking_identifiers.tenure = restricted_holdings.tenure
where restricted_holdings.source_record_key is null or restricted_holdings.island is not null
