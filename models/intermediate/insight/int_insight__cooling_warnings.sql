-- Grain: one row per policy, person and stretch of days without the community actions of before
select
    counts.policy_valid_from,
    counts.one_id,
    greatest(counts.from_date, ranks.from_date) as from_date,
    least(counts.to_date, ranks.to_date) as to_date,
    counts.base_actions,
    counts.last_action_date,
    ranks.least_actions
from {{ ref('int_insight__social_counts') }} as counts
inner join {{ ref('int_insight__social_ranks') }} as ranks
    on
        counts.policy_valid_from = ranks.policy_valid_from
        and counts.from_date < ranks.to_date
        and counts.to_date > ranks.from_date
        and counts.base_actions >= ranks.least_actions
where counts.recent_actions = 0 and counts.base_actions > 0
