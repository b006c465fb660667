{# Records of a staging model whose day is within the window, each with whether what it refers to
   exists. `check_date` is none for master data, all of which is checked on the day of the build, as
   is a record without a day of its own. `known` says which model and column a column refers to. #}
{% macro checked_records(model, check_date, columns, known={}) -%}
    select delivered.check_date
        {%- for column in columns %}, delivered.{{ column }}{% endfor %}
        {%- for column, (_, key) in known.items() %},
        known_{{ column }}.{{ key }} is not null as is_{{ column }}_known{% endfor %}
    from (
        select delivered.*, days.first_date, days.last_date,
            coalesce({{ check_date or 'cast(null as date)' }}, days.last_date) as check_date
        from {{ ref(model) }} as delivered cross join {{ ref('int_ops__quality_window') }} as days
    ) as delivered {% for column, (parent, key) in known.items() %} left join {{ ref(parent) }}
        as known_{{ column }} on delivered.{{ column }} = known_{{ column }}.{{ key }} {% endfor %}
    where delivered.check_date between delivered.first_date and delivered.last_date
{%- endmacro %}
