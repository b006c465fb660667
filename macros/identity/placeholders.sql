{# The values in force on as_of that name nobody, whatever their type, in lower case. #}
{% macro placeholders() -%}
    select lower(identifier_exclusions.identifier_value) as identifier_value
    from {{ ref('identifier_exclusions') }} as identifier_exclusions
    inner join {{ ref('stg_rekindle__as_of') }} as as_of
        on identifier_exclusions.valid_from <= as_of.as_of_date
    where identifier_exclusions.identifier_type = 'any'
    group by lower(identifier_exclusions.identifier_value)
{%- endmacro %}
