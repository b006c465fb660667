-- Grain: one row per experiment and assigned member, as known at the end of as_of
with

versions as (
    {{ known_then(
        source('campaigns', 'experiments'),
        'experiment_id, member_no',
        'assigned_at',
        'assigned_at'
    ) }}
)

select
    experiment_id,
    campaign_id,
    member_no,
    variant,
    assigned_at
from versions
