-- Grain: one row per version and way of telling who goes (classifier, bg_nbd), with its log loss
with

told as (
    select version_code, 'classifier' as kind, is_gone, probability
    from {{ ref('int_insight__churn_probabilities') }}
    where step = 1
    union all
    select version_code, 'bg_nbd' as kind, is_gone, forecast_gone as probability
    from {{ ref('int_insight__churn_probabilities') }}
    where step = 1
),

losses as (
    select
        version_code,
        kind,
        avg(cast(-ln(
            greatest(
                least(case when is_gone then probability else 1 - probability end, 1), 0.000001
            )
        ) as double)) as log_loss
    from told
    group by version_code, kind
),

-- a brand that is too young for a trial takes the first version by name
ways as (
    select version_code, 'classifier' as kind from {{ ref('int_insight__model_versions') }}
    union all
    select version_code, 'bg_nbd' as kind from {{ ref('int_insight__model_versions') }}
)

select
    ways.version_code,
    ways.kind,
    losses.log_loss,
    row_number() over (
        partition by ways.kind
        order by losses.log_loss nulls last, ways.version_code nulls last
    ) as rank_of_kind,
    row_number() over (
        order by
            losses.log_loss asc nulls last,
            ways.kind desc nulls last,
            ways.version_code asc nulls last
    ) as rank_of_all
from ways
left join losses
    on ways.version_code = losses.version_code and ways.kind = losses.kind
