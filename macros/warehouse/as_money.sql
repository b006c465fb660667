{# An amount as money is kept; one too large for that is the largest there is, so that no sum of
   absurd amounts stops a build. #}
{% macro as_money(amount) -%}
    case
        when {{ amount }} >= 9999999999999999.99 then 9999999999999999.99
        when {{ amount }} <= -9999999999999999.99 then -9999999999999999.99
        else cast({{ amount }} as decimal(18, 2))
    end
{%- endmacro %}
