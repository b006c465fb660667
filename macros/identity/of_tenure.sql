{# The record that a phone names: the number alone for its first tenure, `#2` … for later ones. #}
{% macro of_tenure(record_key, tenure) -%}
    {{ record_key }} || coalesce('#' || cast({{ tenure }} as string), '')
{%- endmacro %}
