-- Grain: one row per dimension, system, table and column of the policy in force
select dimension, system, table_name, column_name, minimum_score
from ({{ policy_in_force(
    'quality_minimums', ['dimension', 'system', 'table_name', 'column_name']
) }}) as quality_minimums
