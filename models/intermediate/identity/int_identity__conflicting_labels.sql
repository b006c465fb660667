-- Grain: one row per record that says whose it is, in components that hold more than one person
-- Two persons in one component: two values of an identifier that a person has once, or two records
-- that somebody decided to keep apart. A record that had one value and has another now, and a
-- decision to link, make two values one.
with

components as (
    select record_id, component_id from {{ ref('int_identity__components') }}
),

once_held as (
    select records.record_id, person_values.held
    from {{ ref('int_identity__person_values') }} as person_values
    inner join {{ ref('int_identity__records') }} as records
        on person_values.source_record_key = records.source_record_key
),

least_of_records as (
    select record_id, min(held) as label
    from once_held
    group by record_id
),

least_of_values as (
    select once_held.held, min(least_of_records.label) as label
    from once_held
    inner join least_of_records on once_held.record_id = least_of_records.record_id
    group by once_held.held
),

labels_of_records as (
    select once_held.record_id, min(least_of_values.label) as label
    from once_held
    inner join least_of_values on once_held.held = least_of_values.held
    group by once_held.record_id
),

decided_pairs as (
    select
        pairs.decision,
        pairs.left_record_id,
        pairs.right_record_id,
        left_labels.label as left_label,
        right_labels.label as right_label
    from {{ ref('int_identity__decided_pairs') }} as pairs
    left join labels_of_records as left_labels on pairs.left_record_id = left_labels.record_id
    left join labels_of_records as right_labels on pairs.right_record_id = right_labels.record_id
),

labels_linked_by_hand as (
    select
        greatest(left_label, right_label) as label,
        min(least(left_label, right_label)) as other_label
    from decided_pairs
    where decision = 'link' and left_label <> right_label
    group by greatest(left_label, right_label)
),

pairs_kept_apart as (
    select
        left_record_id,
        right_record_id,
        case when left_label = right_label then null else left_label end as left_label,
        case when left_label = right_label then null else right_label end as right_label
    from decided_pairs
    where decision = 'separate'
),

labels_by_hand as (
    select
        left_record_id as record_id,
        coalesce(left_label, 'record:' || cast(left_record_id as string)) as label
    from pairs_kept_apart
    union
    select
        right_record_id as record_id,
        coalesce(right_label, 'record:' || cast(right_record_id as string)) as label
    from pairs_kept_apart
),

labels as (
    select
        components.component_id,
        components.record_id,
        coalesce(
            labels_by_hand.label, labels_linked_by_hand.other_label, labels_of_records.label
        ) as label
    from components
    left join labels_of_records on components.record_id = labels_of_records.record_id
    left join labels_linked_by_hand on labels_of_records.label = labels_linked_by_hand.label
    left join labels_by_hand on components.record_id = labels_by_hand.record_id
    where labels_of_records.record_id is not null or labels_by_hand.record_id is not null
),

conflicts as (
    select component_id
    from labels
    group by component_id
    having min(label) <> max(label)
)

select labels.component_id, labels.record_id, min(labels.label) as label
from labels
inner join conflicts on labels.component_id = conflicts.component_id
group by labels.component_id, labels.record_id
