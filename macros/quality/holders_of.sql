{# Records without the identifier are counted one by one: all of them together would be one task of
   a large brand. #}
{% macro holders_of(token, record_key) -%}
    case
        when {{ token }} is not null
            then count(*) over (
                partition by {{ token }}, case when {{ token }} is null then {{ record_key }} end
            )
    end
{%- endmacro %}
