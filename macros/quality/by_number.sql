{# The count, of those a row holds for all checks, that belongs to the row's check_number. #}
{% macro by_number(what, checks) -%}
    case checks.check_number
        {%- for _ in checks %}
        when {{ loop.index }} then counted.{{ what }}_{{ loop.index }}
        {%- endfor %}
    end
{%- endmacro %}
