-- Grain: one row per judged day, person and metric of its profile that there are facts for
with

orders as (
    select evaluated_date, one_id, fact_code, fact_value, facts, amount, first_date, last_date
    from {{ ref('int_insight__profile_orders') }}
),

deeds as (
    select evaluated_date, one_id, fact_code, fact_value, facts, weight, first_date, last_date
    from {{ ref('int_insight__profile_deeds') }}
),

-- what a member does most, and its share of all
choices as (
    select
        evaluated_date,
        one_id,
        'category_preference' as metric_code,
        fact_value as choice,
        facts,
        cast(amount as double) as weight,
        first_date,
        last_date
    from orders
    where fact_code = 'purchase'
    union all
    select
        evaluated_date,
        one_id,
        'channel_preference' as metric_code,
        fact_value as choice,
        facts,
        cast(facts as double) as weight,
        first_date,
        last_date
    from orders
    where fact_code = 'order'
    union all
    select
        evaluated_date,
        one_id,
        'hour_preference' as metric_code,
        fact_value as choice,
        sum(facts) as facts,
        cast(sum(facts) as double) as weight,
        min(first_date) as first_date,
        max(last_date) as last_date
    from (
        select evaluated_date, one_id, fact_value, facts, first_date, last_date from orders
        where fact_code = 'hour'
        union all
        select evaluated_date, one_id, fact_value, facts, first_date, last_date from deeds
        where fact_code = 'hour'
    ) as hours
    group by evaluated_date, one_id, fact_value
    union all
    select
        evaluated_date,
        one_id,
        'content_taste' as metric_code,
        fact_value as choice,
        facts,
        weight,
        first_date,
        last_date
    from deeds
    where fact_code = 'content'
),

-- so that a half is one half and equals are equal, whatever they are the sum of
exact_choices as (
    select
        evaluated_date,
        one_id,
        metric_code,
        choice,
        facts,
        cast(weight as decimal(28, 12)) as weight,
        first_date,
        last_date
    from choices
),

ranked_choices as (
    select
        evaluated_date,
        one_id,
        metric_code,
        choice,
        weight,
        first_date,
        last_date,
        sum(facts) over (partition by evaluated_date, one_id, metric_code) as facts,
        sum(weight) over (partition by evaluated_date, one_id, metric_code) as total_weight,
        row_number() over (
            partition by evaluated_date, one_id, metric_code
            order by weight desc nulls last, choice asc nulls last
        ) as choice_rank
    from exact_choices
),

order_sums as (
    select
        evaluated_date,
        one_id,
        sum(case when fact_code = 'order' then facts else 0 end) as orders,
        sum(case when fact_code = 'discounted_order' then facts else 0 end) as discounted_orders,
        sum(case when fact_code = 'coupon_order' then facts else 0 end) as coupon_orders,
        sum(case when fact_code = 'discount' then facts else 0 end) as lines,
        sum(case when fact_code = 'price_fall' then facts else 0 end) as price_fall_lines,
        sum(case when fact_code = 'discount' then amount else 0 end) as discount,
        sum(case when fact_code = 'paid' then amount else 0 end) as paid,
        min(first_date) as first_date,
        max(last_date) as last_date
    from orders
    group by evaluated_date, one_id
),

prices as (
    select
        sums.evaluated_date,
        sums.one_id,
        sums.orders,
        sums.first_date,
        sums.last_date,
        cast(sums.discounted_orders as double) / nullif(sums.orders, 0) as discounted_share,
        cast(sums.coupon_orders as double) / nullif(sums.orders, 0) as coupon_share,
        coalesce(cast(sums.price_fall_lines as double) / nullif(sums.lines, 0), 0)
            as price_fall_share,
        coalesce(
            cast(sums.discount as double) / nullif(sums.discount + sums.paid, 0), 0
        ) as discount_share,
        days.full_discount_share
    from order_sums as sums
    inner join {{ ref('int_insight__profile_days') }} as days
        on sums.evaluated_date = days.evaluated_date
),

tasks as (
    select
        days.evaluated_date,
        tasks.task_id,
        cast(count(*) over (partition by days.evaluated_date) as bigint) as open_tasks
    from {{ ref('stg_loyalty__tasks') }} as tasks
    inner join {{ ref('int_insight__profile_days') }} as days
        on
            coalesce({{ business_date('tasks.starts_at') }} <= days.evaluated_date, true)
            and coalesce({{ business_date('tasks.ends_at') }} > days.window_opens_after_date, true)
),

counts as (
    select
        evaluated_date,
        one_id,
        'content_contribution' as metric_code,
        facts,
        first_date,
        last_date
    from deeds
    where fact_code = 'post' and fact_value in ('ugc_photo', 'review', 'story')
    union all
    select
        evaluated_date,
        one_id,
        'social_spread' as metric_code,
        facts,
        first_date,
        last_date
    from deeds
    where
        fact_code = 'share'
        or (fact_code = 'post' and fact_value = 'forward')
        or (fact_code = 'points' and fact_value = 'referral')
    union all
    select
        evaluated_date,
        one_id,
        'community_activity' as metric_code,
        facts,
        first_date,
        last_date
    from deeds
    where fact_code in ('share', 'post', 'message')
),

metrics as (
    select
        evaluated_date,
        one_id,
        metric_code,
        cast(weight as double) / nullif(cast(total_weight as double), 0) as metric_value,
        facts,
        choice as metric_text,
        first_date,
        last_date
    from ranked_choices
    where choice_rank = 1
    union all
    select
        evaluated_date,
        one_id,
        'category_interest' as metric_code,
        interest_share as metric_value,
        facts_of_all as facts,
        category_id as metric_text,
        first_date,
        last_date
    from {{ ref('int_insight__category_interests') }}
    where interest_rank = 1
    union all
    select
        evaluated_date,
        one_id,
        metric_code,
        cast(sum(facts) as double) as metric_value,
        sum(facts) as facts,
        cast(null as string) as metric_text,
        min(first_date) as first_date,
        max(last_date) as last_date
    from counts
    group by evaluated_date, one_id, metric_code
    union all
    select
        evaluated_date,
        one_id,
        'promotion_dependency' as metric_code,
        discounted_share as metric_value,
        orders as facts,
        cast(null as string) as metric_text,
        first_date,
        last_date
    from prices
    union all
    select
        evaluated_date,
        one_id,
        'full_price_share' as metric_code,
        1 - discounted_share as metric_value,
        orders as facts,
        cast(null as string) as metric_text,
        first_date,
        last_date
    from prices
    union all
    select
        evaluated_date,
        one_id,
        'price_sensitivity' as metric_code,
        cast(
            least(1, cast(discount_share as double) / nullif(full_discount_share, 0))
            + coupon_share
            + price_fall_share as double
        ) / 3 as metric_value,
        orders as facts,
        cast(null as string) as metric_text,
        first_date,
        last_date
    from prices
    union all
    select
        deeds.evaluated_date,
        deeds.one_id,
        'task_completion' as metric_code,
        cast(count(*) as double) / nullif(max(tasks.open_tasks), 0) as metric_value,
        count(*) as facts,
        cast(null as string) as metric_text,
        min(deeds.first_date) as first_date,
        max(deeds.last_date) as last_date
    from deeds
    inner join tasks
        on deeds.evaluated_date = tasks.evaluated_date and deeds.fact_value = tasks.task_id
    where deeds.fact_code = 'task'
    group by deeds.evaluated_date, deeds.one_id
    union all
    select
        evaluated_date,
        one_id,
        'motivation' as metric_code,
        motivation_score as metric_value,
        facts,
        motivation as metric_text,
        first_date,
        last_date
    from {{ ref('int_insight__motivations') }}
)

select
    metrics.evaluated_date,
    metrics.one_id,
    metrics.metric_code,
    metrics.metric_value,
    cast(metrics.facts as bigint) as facts,
    metrics.metric_text,
    metrics.first_date,
    metrics.last_date
from metrics
inner join {{ ref('dim_member') }} as members on metrics.one_id = members.one_id
where metrics.metric_value is not null and not members.is_test and not members.is_staff
