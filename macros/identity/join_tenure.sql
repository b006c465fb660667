{# Joins the later tenure, if any, in which an identifier was held or named a buyer at a time. #}
{% macro join_tenure(rows, held_at, key_type='buyer_key_type', key_token='buyer_key_token') -%}
left join {{ ref('int_identity__identifier_tenures') }} as tenures
        on
            {{ rows }}.{{ key_type }} = tenures.identifier_type
            and {{ rows }}.{{ key_token }} = tenures.identifier_token
            and {{ rows }}.{{ held_at }} >= tenures.begins_at
            and ({{ rows }}.{{ held_at }} < tenures.ends_at or tenures.ends_at is null)
{%- endmacro %}
