-- Grain: one row per digital event of any channel, with the record of who caused it
{{ config(materialized='view') }}
select
    'mini_program' as event_channel,
    event_id,
    'mini_program.users:' || openid as source_record_key,
    event_type,
    product_id,
    category_id,
    session_id,
    occurred_at,
    event_date,
    true as is_login
from {{ ref('stg_mini_program__events') }}
union all
select
    'app' as event_channel,
    event_id,
    'app.users:' || app_user_id as source_record_key,
    event_type,
    product_id,
    category_id,
    session_id,
    occurred_at,
    event_date,
    true as is_login
from {{ ref('stg_app__events') }}
union all
select
    'website' as event_channel,
    event_id,
    'website.users:' || web_user_id as source_record_key,
    event_type,
    product_id,
    category_id,
    session_id,
    occurred_at,
    event_date,
    web_user_id is not null as is_login
from {{ ref('stg_website__events') }}
