{# The source record a buyer key names, a number by its token; null = nobody. #}
{% macro buyer_record_key(platform) -%}
    case
        when buyer_key_type = 'none' or buyer_key_status <> 'usable' then null
        when buyer_key_type = 'member_no' then 'crm.members:' || buyer_key
        when buyer_key_type = 'openid' then 'mini_program.users:' || buyer_key
        when buyer_key_type = 'app_user_id' then 'app.users:' || buyer_key
        when buyer_key_type = 'web_user_id' then 'website.users:' || buyer_key
        when buyer_key_type = 'buyer_id'
            then 'marketplace.buyers:' || {{ platform }} || ':' || buyer_key
        when buyer_key_type = 'phone' then 'commerce.orders:phone:' || buyer_key_token
        when buyer_key_type = 'card_no' then 'commerce.orders:card_no:' || buyer_key_token
        else 'commerce.orders:other:' || buyer_key_type || ':' || buyer_key
    end
{%- endmacro %}
