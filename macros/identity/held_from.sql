{# Since when a version's identifiers are held: the record's birth where it is the first version. #}
{% macro held_from(key, born_at, updated_at) -%}
    case
        when {{ updated_at }} = min({{ updated_at }}) over (partition by {{ key }})
            then coalesce(least({{ born_at }}, {{ updated_at }}), {{ updated_at }})
        else {{ updated_at }}
    end
{%- endmacro %}
