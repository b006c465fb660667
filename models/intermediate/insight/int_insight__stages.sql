-- Grain: one row per lifecycle stage, with its labels in force at as_of
select
    lifecycle_stage,
    label_zh,
    is_lapsed
from ({{ policy_in_force('lifecycle_stages', 'lifecycle_stage') }}) as stages
