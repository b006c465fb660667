-- Grain: one row per metric, with its benchmark in force at as_of
select
    metric_code,
    benchmark,
    direction,
    is_daily,
    is_monthly
from ({{ policy_in_force('kpi_targets', 'metric_code') }}) as targets
