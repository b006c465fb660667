-- Grain: one row per community post, as known at the end of as_of
with

versions as (
    {{ known_then(source('community', 'posts'), 'post_id', 'posted_at', 'posted_at') }}
)

select
    post_id,
    member_no,
    {{ known_code('kind', ['ugc_photo', 'review', 'story', 'forward']) }} as kind,
    topic,
    likes,
    is_featured,
    posted_at
from versions
