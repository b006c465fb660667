-- Grain: one row per RFM group, with its labels in force at as_of
select
    rfm_group,
    is_recency_high,
    is_frequency_high,
    is_monetary_high,
    label_zh
from ({{ policy_in_force('rfm_strategy', 'rfm_group') }}) as rfm_groups
