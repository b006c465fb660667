-- Grain: one row per record that says whose it is, in components that hold more than one person
-- Two persons in one component: two values of an identifier that a person has once, or two records
-- that somebody decided to keep apart. Records that decisions link are one unit, named after the
-- smallest of them: they say the same.
with

value_groups as (
    select record_id, component_id from {{ ref('int_identity__value_groups') }}
),

units as (
    select
        components.component_id,
        components.record_id,
        coalesce(decided_groups.component_id, components.record_id) as unit_id
    from {{ ref('int_identity__components') }} as components
    left join {{ ref('int_identity__decided_groups') }} as decided_groups
        on components.record_id = decided_groups.record_id
),

values_in_groups as (
    select
        person_values.record_id,
        person_values.held,
        coalesce(value_groups.component_id, person_values.value_number) as group_id
    from {{ ref('int_identity__person_values') }} as person_values
    left join value_groups on person_values.value_number = value_groups.record_id
),

labels_of_groups as (
    select group_id, min(held) as label
    from values_in_groups
    group by group_id
),

records_in_groups as (
    select record_id, group_id from values_in_groups
    union
    select record_id, component_id as group_id from value_groups
),

labels_of_records as (
    select records_in_groups.record_id, labels_of_groups.label
    from records_in_groups
    inner join labels_of_groups on records_in_groups.group_id = labels_of_groups.group_id
),

pairs_kept_apart as (
    select
        left_units.unit_id as left_unit_id,
        right_units.unit_id as right_unit_id,
        left_labels.label as left_label,
        right_labels.label as right_label
    from {{ ref('int_identity__decided_pairs') }} as pairs
    inner join units as left_units on pairs.left_record_id = left_units.record_id
    inner join units as right_units on pairs.right_record_id = right_units.record_id
    left join labels_of_records as left_labels on pairs.left_record_id = left_labels.record_id
    left join labels_of_records as right_labels on pairs.right_record_id = right_labels.record_id
    where pairs.decision = 'separate'
),

-- Whom no value tells from the other, the decision does.
units_labelled_by_hand as (
    select left_unit_id as unit_id from pairs_kept_apart
    where left_label is null or left_label is not distinct from right_label
    union
    select right_unit_id as unit_id from pairs_kept_apart
    where right_label is null or left_label is not distinct from right_label
),

labels as (
    select
        units.component_id,
        units.record_id,
        case
            when by_hand.unit_id is null then labels_of_records.label
            else 'record:' || cast(by_hand.unit_id as string)
        end as label
    from units
    left join labels_of_records on units.record_id = labels_of_records.record_id
    left join units_labelled_by_hand as by_hand on units.unit_id = by_hand.unit_id
    where labels_of_records.record_id is not null or by_hand.unit_id is not null
),

conflicts as (
    select component_id
    from labels
    group by component_id
    having min(label) <> max(label)
)

select labels.component_id, labels.record_id, labels.label
from labels
inner join conflicts on labels.component_id = conflicts.component_id
