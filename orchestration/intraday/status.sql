-- Grain: one row
select
    getvariable('brand') as brand,
    getvariable('business_zone') as business_zone,
    getvariable('currency') as currency,
    getvariable('build_id') as build_id,
    getvariable('as_of_date') as as_of_date,
    getvariable('window_start_at') as window_start_at,
    getvariable('window_end_at') as window_end_at,
    getvariable('row_at') as made_at,
    people.people,
    people.new_people,
    people.acts,
    people.acts_of_nobody,
    files.files,
    files.latency_p50_seconds,
    files.latency_p95_seconds,
    getvariable('content') as content
from (
    select
        count(distinct person_key) as people,
        count(distinct case when one_id is null and not is_erased then person_key end)
            as new_people,
        count(*) as acts,
        count(*) filter (person_key is null) as acts_of_nobody
    from acts
) as people
cross join (
    select
        count(*) as files,
        quantile_cont(latency_seconds, 0.5) as latency_p50_seconds,
        quantile_cont(latency_seconds, 0.95) as latency_p95_seconds
    from published.freshness
) as files
