-- Grain: one row per month and dimension value: members to be activated, and those who ordered
{{ sums_by_dimension(
    ref('int_kpi__activation_months'),
    [
        'lapsed', 'lapsed_activated_21d', 'lapsed_activated_30d',
        'high_risk', 'high_risk_activated_21d', 'high_risk_activated_30d',
    ]
) }}
