{% macro buyer_key_without_personal_data() -%}
    case when buyer_key_type = 'phone' then buyer_key_token else buyer_key end
{%- endmacro %}
