-- Grain: one row per day, channel and campaign of advertising spend, as known at the end of as_of
with

versions as (
    {{ known_then(
        source('campaigns', 'ad_spend'),
        'spend_date, channel, campaign_id',
        start_of_business_date('spend_date'),
        start_of_business_date('spend_date')
    ) }}
)

select
    spend_date,
    channel,
    campaign_id,
    amount,
    new_members
from versions
