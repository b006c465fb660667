-- Grain: one row per evaluated day (as_of, 180 days before), repeats and age of a history
-- What somebody who has not left buys ahead, in four parts of the time. BG/NBD's expectation of
-- (1 - (1 + p t / A)^-R) / p over p, by trapezoids in the logit of p: no hypergeometric function is
-- needed, and the result is right to a millionth (tests/modelling/test_expected_purchases.py).
{%- set parts = [1, 2, 3, 4] %}
with

versions as (
    select versions.r, versions.alpha, versions.a, versions.b
    from {{ ref('int_insight__model_versions') }} as versions
    inner join {{ ref('int_insight__churn_trials') }} as trials
        on versions.version_code = trials.version_code
    where trials.kind = 'bg_nbd' and trials.rank_of_kind = 1
),

policies as (
    select
        value_policy.yearly_discount,
        row_number() over (order by value_policy.valid_from desc nulls last) as policy_rank
    from {{ ref('value_policy') }} as value_policy
    inner join {{ ref('stg_rekindle__as_of') }} as as_of
        on value_policy.valid_from <= as_of.as_of_date
),

histories as (
    select
        step,
        repeats,
        age_days,
        case when step = 0 then cast(91.25 as double) else cast(45 as double) end as part_days
    from {{ ref('int_insight__buying_histories') }}
    where step in (0, 2)
    group by step, repeats, age_days
),

questions as (
    select
        histories.step,
        histories.repeats,
        histories.age_days,
        versions.r + histories.repeats as shape,
        cast(histories.part_days as double) / nullif(versions.alpha + histories.age_days, 0)
            as part_ratio,
        versions.a as goes,
        versions.b + histories.repeats as stays
    from histories
    cross join versions
),

-- the greatest density is put at 1, so that nothing vanishes
scaled as (
    select
        questions.*,
        ln(questions.goes) - ln(questions.stays) as centre,
        least(0.5 * sqrt(
            cast(1 as double) / nullif(questions.goes, 0)
            + cast(1 as double) / nullif(questions.stays, 0)
        ), 0.5) as node_width,
        questions.goes * (ln(questions.goes) - ln(questions.goes + questions.stays))
        + questions.stays * (ln(questions.stays) - ln(questions.goes + questions.stays)) as log_top
    from questions
),

numbered as (
    select scaled.*, {{ number_series(-60, 60) }} as node
    from scaled
),

placed as (
    select numbered.*, numbered.centre + numbered.node * numbered.node_width as logit
    from numbered
),

logarithms as (
    select
        placed.*,
        least(placed.logit, 0) - ln(1 + exp(-abs(placed.logit))) as log_share,
        -greatest(placed.logit, 0) - ln(1 + exp(-abs(placed.logit))) as log_rest
    from placed
),

weighed as (
    select
        logarithms.*,
        exp(logarithms.log_share) as share,
        exp(logarithms.log_rest) as rest,
        exp(
            logarithms.goes * logarithms.log_share + logarithms.stays * logarithms.log_rest
            - logarithms.log_top
        ) as weight,
        {%- for part in parts %}
        exp(logarithms.log_share) * {{ part }} * logarithms.part_ratio as ratio_{{ part }}
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from logarithms
),

-- near 0 the series, where the plain formulas would lose their digits
powers as (
    select
        weighed.*,
    {%- for part in parts %}
    case
        when weighed.ratio_{{ part }} < 0.00001
            then
                weighed.ratio_{{ part }}
                - weighed.ratio_{{ part }} * weighed.ratio_{{ part }} * 0.5
                + weighed.ratio_{{ part }} * weighed.ratio_{{ part }}
                * weighed.ratio_{{ part }} * 0.3333333333333333
        else ln(1 + weighed.ratio_{{ part }})
    end * weighed.shape as power_{{ part }}
    {%- if not loop.last %},{% endif %}
    {%- endfor %}
    from weighed
),

-- what is left after a straight line between both ends of p, whose mean is known
sums as (
    select
        step,
        repeats,
        age_days,
        shape,
        part_ratio,
        goes,
        stays,
        sum(weight * share * rest) as mass,
    {%- for part in parts %}
    sum(
        weight * (
            exp(-log_share) * case
                when power_{{ part }} < 0.00001
                    then
                        power_{{ part }} - power_{{ part }} * power_{{ part }} * 0.5
                        + power_{{ part }} * power_{{ part }} * power_{{ part }}
                        * 0.1666666666666667
                else 1 - exp(-power_{{ part }})
            end
            - rest * shape * {{ part }} * part_ratio
            - share * (1 - exp(-shape * ln(1 + {{ part }} * part_ratio)))
        )
    ) as bend_{{ part }}
    {%- if not loop.last %},{% endif %}
    {%- endfor %}
    from powers
    group by step, repeats, age_days, shape, part_ratio, goes, stays
),

expected as (
    select
        step,
        repeats,
        age_days,
        cast(0 as double) as purchases_0,
    {%- for part in parts %}
    cast(
        stays * shape * {{ part }} * part_ratio
        + goes * (1 - exp(-shape * ln(1 + {{ part }} * part_ratio))) as double
    ) / nullif(goes + stays, 0)
    + cast(bend_{{ part }} * goes * stays as double)
    / nullif(mass * (goes + stays) * (goes + stays + 1), 0) as purchases_{{ part }}
    {%- if not loop.last %},{% endif %}
    {%- endfor %}
    from sums
)

select
    expected.step,
    expected.repeats,
    expected.age_days,
    expected.purchases_4 as purchases,
    {%- for part in parts %}
    (expected.purchases_{{ part }} - expected.purchases_{{ part - 1 }})
    * exp(-{{ part * 0.25 - 0.125 }} * ln(1 + policies.yearly_discount))
    {%- if not loop.last %} + {%- endif %}
    {%- endfor %} as discounted_purchases
from expected
cross join policies
where policies.policy_rank = 1
