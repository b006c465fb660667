{# Joins the later tenure, if any, of the key by which a fact names its buyer. #}
{% macro join_tenure(facts, occurred_at) -%}
left join {{ ref('int_identity__identifier_tenures') }} as tenures
        on
            {{ facts }}.buyer_key_type = tenures.identifier_type
            and {{ facts }}.buyer_key_token = tenures.identifier_token
            and {{ facts }}.{{ occurred_at }} >= tenures.begins_at
            and ({{ facts }}.{{ occurred_at }} < tenures.ends_at or tenures.ends_at is null)
{%- endmacro %}
