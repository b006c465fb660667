-- Grain: one row per signal and metric of the trial of early warning
with

months as (
    select signal, members, gone_members from {{ ref('int_insight__warned_months') }}
    where signal <> 'watched'
),

watched as (
    select members, gone_members from {{ ref('int_insight__warned_months') }}
    where signal = 'watched'
),

runs as (
    select signal, runs, cast(false_runs as double) / nullif(runs, 0) as false_share
    from {{ ref('int_insight__warned_runs') }}
),

all_lapses as (
    select lapses from {{ ref('int_insight__warned_lapses') }}
    where signal = 'lapse'
),

lapses as (
    select
        warned.signal,
        warned.lead_days,
        cast(warned.lapses as double) / nullif(all_lapses.lapses, 0) as warned_share,
        cast(warned.lapses_at_last_order as double) / nullif(all_lapses.lapses, 0)
            as warned_at_last_order_share
    from {{ ref('int_insight__warned_lapses') }} as warned
    cross join all_lapses
    where warned.signal <> 'lapse'
)

select
    months.signal,
    'gone_share' as metric,
    cast(months.gone_members as double) / nullif(months.members, 0) as value,
    cast(watched.gone_members as double) / nullif(watched.members, 0) as baseline_value,
    'all_watched' as baseline
from months
cross join watched
union all
select
    months.signal,
    'recall' as metric,
    cast(months.gone_members as double) / nullif(watched.gone_members, 0) as value,
    cast(months.members as double) / nullif(watched.members, 0) as baseline_value,
    'chance' as baseline
from months
cross join watched
where watched.gone_members > 0
union all
select
    signal,
    'member_months' as metric,
    cast(members as double) as value,
    cast(null as double) as baseline_value,
    'none' as baseline
from months
union all
select
    runs.signal,
    'false_share' as metric,
    runs.false_share as value,
    late_runs.false_share as baseline_value,
    'recency' as baseline
from runs
left join runs as late_runs on late_runs.signal = 'recency'
union all
select
    signal,
    'warnings' as metric,
    cast(runs as double) as value,
    cast(null as double) as baseline_value,
    'none' as baseline
from runs
{%- for metric in ['warned_share', 'lead_days', 'warned_at_last_order_share'] %}
union all
select
    lapses.signal,
    '{{ metric }}' as metric,
    lapses.{{ metric }} as value,
    late_lapses.{{ metric }} as baseline_value,
    'recency' as baseline
from lapses
left join lapses as late_lapses on late_lapses.signal = 'recency'
{%- endfor %}
union all
select
    'any' as signal,
    'lapses' as metric,
    cast(lapses as double) as value,
    cast(null as double) as baseline_value,
    'none' as baseline
from all_lapses
