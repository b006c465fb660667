-- Grain: one row per record of a source system that describes a person, with what it says of it
-- A view: only the vault keeps it.
{{ config(materialized='view') }}
select
    'crm.members:' || member_no as source_record_key,
    name,
    gender,
    birthday as birth_date,
    phone,
    email,
    address,
    postcode,
    district,
    updated_at
from {{ ref('stg_crm__members') }}
union all
select
    'mini_program.users:' || openid as source_record_key,
    nickname as name,
    cast(null as string) as gender,
    cast(null as date) as birth_date,
    phone,
    cast(null as string) as email,
    cast(null as string) as address,
    cast(null as string) as postcode,
    cast(null as string) as district,
    updated_at
from {{ ref('stg_mini_program__users') }}
union all
select
    'app.users:' || app_user_id as source_record_key,
    cast(null as string) as name,
    cast(null as string) as gender,
    cast(null as date) as birth_date,
    phone,
    email,
    cast(null as string) as address,
    cast(null as string) as postcode,
    cast(null as string) as district,
    updated_at
from {{ ref('stg_app__users') }}
union all
select
    'website.users:' || web_user_id as source_record_key,
    cast(null as string) as name,
    cast(null as string) as gender,
    cast(null as date) as birth_date,
    phone,
    email,
    cast(null as string) as address,
    cast(null as string) as postcode,
    cast(null as string) as district,
    updated_at
from {{ ref('stg_website__users') }}
union all
select
    'marketplace.buyers:' || platform || ':' || buyer_id as source_record_key,
    receiver_name as name,
    cast(null as string) as gender,
    cast(null as date) as birth_date,
    phone,
    cast(null as string) as email,
    receiver_address as address,
    cast(null as string) as postcode,
    cast(null as string) as district,
    updated_at
from {{ ref('stg_marketplace__buyers') }}
union all
select
    'wecom.contacts:' || external_userid as source_record_key,
    cast(null as string) as name,
    cast(null as string) as gender,
    cast(null as date) as birth_date,
    phone,
    cast(null as string) as email,
    cast(null as string) as address,
    cast(null as string) as postcode,
    cast(null as string) as district,
    updated_at
from {{ ref('stg_wecom__contacts') }}
