{% macro known_code(column, codes) -%}
    case
        when {{ column }} is null then null
        when {{ column }} in ('{{ codes | join("', '") }}') then {{ column }}
        else 'other'
    end
{%- endmacro %}
