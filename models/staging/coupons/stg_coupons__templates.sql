-- Grain: one row per coupon template, as known at the end of as_of
with

versions as (
    {{ known_then(
        source('coupons', 'templates'),
        'template_id',
        'updated_at',
        'cast(null as timestamp)'
    ) }}
)

select
    template_id,
    template_name,
    {{ known_code('kind', ['amount', 'percent', 'gift']) }} as kind,
    face_value,
    min_spend,
    valid_days,
    valid_hours,
    updated_at
from versions
