-- Grain: one row per month and dimension value: members lapsed as it starts, and those who ordered
{{ sums_by_dimension(
    ref('int_kpi__lapsed_months'), ['lapsed', 'activated_21d', 'activated_30d']
) }}
