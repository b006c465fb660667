-- Grain: one row per record of a source system known at the end of as_of
-- A card without a registration is as old as its first version, not as its newest.
with

records as (
    select
        'crm' as source_system,
        'members' as source_table,
        member_no as source_key,
        registered_at as born_at,
        first_updated_at as updated_at
    from {{ ref('stg_crm__members') }}
    union all
    select
        'mini_program' as source_system,
        'users' as source_table,
        openid as source_key,
        created_at as born_at,
        updated_at
    from {{ ref('stg_mini_program__users') }}
    union all
    select
        'app' as source_system,
        'users' as source_table,
        app_user_id as source_key,
        created_at as born_at,
        updated_at
    from {{ ref('stg_app__users') }}
    union all
    select
        'website' as source_system,
        'users' as source_table,
        web_user_id as source_key,
        created_at as born_at,
        updated_at
    from {{ ref('stg_website__users') }}
    union all
    select
        'marketplace' as source_system,
        'buyers' as source_table,
        platform || ':' || buyer_id as source_key,
        created_at as born_at,
        updated_at
    from {{ ref('stg_marketplace__buyers') }}
    union all
    select
        'wecom' as source_system,
        'contacts' as source_table,
        external_userid as source_key,
        added_at as born_at,
        updated_at
    from {{ ref('stg_wecom__contacts') }}
)

select
    source_system || '.' || source_table || ':' || source_key as source_record_key,
    source_system,
    source_table,
    source_key,
    born_at,
    updated_at
from records
