-- Grain: one row per edge between two records: an identifier that links them, or their likeness
-- Likeness is judged of persons; its edge leads between the records that number the two. Where a
-- group was too large the two may be of two persons all the same: its readers compare their ids.
-- A view: its readers name the records differently.
{{ config(materialized='view') }}
select
    record_id,
    hub_record_id,
    identifier_type,
    identifier_token,
    cast(null as double) as match_probability,
    cast(null as string) as reasons
from {{ ref('int_identity__used_links') }}
union all
select
    right_person_id as record_id,
    left_person_id as hub_record_id,
    'likeness' as identifier_type,
    md5(
        cast(left_person_id as string) || '|' || cast(right_person_id as string)
    ) as identifier_token,
    match_probability,
    reasons
from {{ ref('int_identity__match_pairs') }}
where is_accepted
