-- Grain: one row per month and dimension value: members at its end and the active among them
{{ sums_by_dimension(
    ref('int_kpi__activity_months'), ['registered_members', 'active_members']
) }}
