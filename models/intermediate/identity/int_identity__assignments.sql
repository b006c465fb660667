-- Grain: one row per record and person it was found to be of, in the order it was learnt
-- A log that survives full refreshes, so that a person keeps its id. A cluster has the id that was
-- minted first of those its records had; an id goes with the record of it that was seen first. What
-- has no id yet is named after the record that was seen first, of equals the smallest key. A name
-- that is taken (its cluster split) is made another by the date.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    full_refresh=false,
    meta={'erased_by': 'source_record_key'}
) }}
-- depends_on: {{ ref('int_identity__used_links') }}
-- depends_on: {{ ref('int_identity__linking_identifiers') }}
with

clusters as (
    select
        record_id,
        source_record_key,
        first_seen_at,
        mint_key,
        is_separated,
        is_joined_by_likeness,
        {% if is_incremental() %}coalesce(cluster_id, record_id) as {% endif %}cluster_id
    from {{ ref('int_identity__clusters') }}
),

as_of as (
    select as_of_date, as_of_end_at from {{ ref('stg_rekindle__as_of') }}
),

first_sights as (
    select cluster_id, min(first_seen_at) as first_seen_at
    from clusters
    where cluster_id is not null
    group by cluster_id
),

mint_keys as (
    select clusters.cluster_id, min(clusters.mint_key) as mint_key
    from clusters
    inner join first_sights
        on
            clusters.cluster_id = first_sights.cluster_id
            and clusters.first_seen_at is not distinct from first_sights.first_seen_at
    group by clusters.cluster_id
)

{%- if not is_incremental() %},

names as (
    select cluster_id, substr(md5(mint_key), 1, 20) as one_id from mint_keys
)

select
    clusters.source_record_key,
    coalesce(names.one_id, substr(md5(clusters.mint_key), 1, 20)) as one_id,
    cast(1 as integer) as assignment_number,
    clusters.first_seen_at as effective_at,
    as_of.as_of_end_at as changed_at,
    'first_seen' as caused_by
from clusters
left join names on clusters.cluster_id = names.cluster_id
cross join as_of
{%- else %},

minted_ids as (
    select one_id, min(changed_at) as minted_at
    from {{ this }}
    group by one_id
),

former as (
    {{ newest_assignments(this) }}
),

former_holders as (
    select
        former.one_id,
        clusters.cluster_id,
        row_number() over (
            partition by former.one_id
            order by
                clusters.first_seen_at asc nulls last, clusters.source_record_key asc nulls last
        ) as holder_rank
    from clusters
    inner join former on clusters.source_record_key = former.source_record_key
),

kept_ids as (
    select
        former_holders.cluster_id,
        former_holders.one_id,
        row_number() over (
            partition by former_holders.cluster_id
            order by minted_ids.minted_at asc nulls last, former_holders.one_id asc nulls last
        ) as age_rank
    from former_holders
    inner join minted_ids on former_holders.one_id = minted_ids.one_id
    where former_holders.holder_rank = 1
),

new_names as (
    select
        mint_keys.cluster_id,
        mint_keys.mint_key,
        substr(md5(mint_keys.mint_key), 1, 20) as one_id
    from mint_keys
    left join kept_ids on mint_keys.cluster_id = kept_ids.cluster_id
    where kept_ids.cluster_id is null
),

names as (
    select cluster_id, one_id from kept_ids
    where age_rank = 1
    union all
    select
        new_names.cluster_id,
        case
            when minted_ids.one_id is null then new_names.one_id
            else substr(
                md5(new_names.mint_key || '|' || cast(as_of.as_of_date as string)), 1, 20
            )
        end as one_id
    from new_names
    left join minted_ids on new_names.one_id = minted_ids.one_id
    cross join as_of
),

changes as (
    select
        clusters.record_id,
        clusters.cluster_id,
        clusters.source_record_key,
        clusters.first_seen_at,
        clusters.is_separated,
        clusters.is_joined_by_likeness,
        names.one_id,
        former.one_id as former_one_id,
        coalesce(former.assignment_number, 0) + 1 as assignment_number
    from clusters
    inner join names on clusters.cluster_id = names.cluster_id
    left join former on clusters.source_record_key = former.source_record_key
    where former.one_id is null or former.one_id <> names.one_id
),

moved_clusters as (
    select cluster_id from changes
    where former_one_id is not null
    group by cluster_id
),

ends as (
    select
        clusters.record_id,
        clusters.cluster_id,
        clusters.source_record_key,
        former.one_id
    from clusters
    inner join moved_clusters on clusters.cluster_id = moved_clusters.cluster_id
    left join former on clusters.source_record_key = former.source_record_key
),

bridges as (
    select
        hub_ends.cluster_id,
        links.identifier_type,
        greatest(hub_identifiers.held_from, linked_identifiers.held_from) as effective_at
    from {{ ref('int_identity__used_links') }} as links
    inner join ends as hub_ends on links.hub_record_id = hub_ends.record_id
    inner join ends as linked_ends on links.record_id = linked_ends.record_id
    left join {{ ref('int_identity__linking_identifiers') }} as hub_identifiers
        on
            hub_ends.source_record_key = hub_identifiers.source_record_key
            and links.identifier_type = hub_identifiers.identifier_type
            and links.identifier_token = hub_identifiers.identifier_token
    left join {{ ref('int_identity__linking_identifiers') }} as linked_identifiers
        on
            linked_ends.source_record_key = linked_identifiers.source_record_key
            and links.identifier_type = linked_identifiers.identifier_type
            and links.identifier_token = linked_identifiers.identifier_token
    where hub_ends.one_id is distinct from linked_ends.one_id
),

first_bridges as (
    select
        cluster_id,
        min(effective_at) as effective_at,
        min(identifier_type) as identifier_type
    from bridges
    group by cluster_id
)

select
    changes.source_record_key,
    changes.one_id,
    cast(changes.assignment_number as integer) as assignment_number,
    case
        when changes.former_one_id is null then changes.first_seen_at
        else coalesce(first_bridges.effective_at, as_of.as_of_end_at)
    end as effective_at,
    as_of.as_of_end_at as changed_at,
    case
        when changes.former_one_id is null then 'first_seen'
        when first_bridges.identifier_type is not null then first_bridges.identifier_type
        when changes.is_separated then 'conflict'
        when changes.is_joined_by_likeness then 'likeness'
        else 'evidence_withdrawn'
    end as caused_by
from changes
left join first_bridges on changes.cluster_id = first_bridges.cluster_id
cross join as_of
{%- endif %}
