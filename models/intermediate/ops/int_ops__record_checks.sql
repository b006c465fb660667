-- Grain: one row per source table, day of its records, column and check of its rows
{%- set systems = [
    'app', 'campaigns', 'catalog', 'commerce', 'community', 'coupons', 'crm', 'loyalty',
    'marketplace', 'mini_program', 'service', 'website', 'wecom',
] %}
{% for system in systems %}
select check_date, system, table_name, column_name, dimension, passed_rows, total_rows
from {{ ref('int_ops__' ~ system ~ '_checks') }}
where total_rows > 0
{% if not loop.last %}union all{% endif %}
{% endfor %}
