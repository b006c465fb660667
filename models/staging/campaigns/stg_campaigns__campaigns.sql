-- Grain: one row per campaign, as known at the end of as_of
with

versions as (
    {{ known_then(
        source('campaigns', 'campaigns'),
        'campaign_id',
        'updated_at',
        'cast(null as timestamp)'
    ) }}
)

select
    campaign_id,
    campaign_name,
    objective,
    channel,
    offer_kind,
    starts_at,
    ends_at,
    budget,
    updated_at
from versions
